"""PostgreSQL and Redis inside the installation itself, so that a newcomer installs neither. Not for
production with many machines: there DATABASE_URL and REDIS_URL name outside servers, and nothing in
this package runs. Nothing here imports Django, since the servers must run before it is set up.
"""
