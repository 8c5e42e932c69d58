"""Webhooks: telling a person's own server how each job ended (Standard Webhooks). Not for pages,
which hear the feed.
"""
