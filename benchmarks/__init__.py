"""What is measured. Each module is a benchmark that runs alone (`python -m benchmarks.NAME`),
prints one JSON line a claim and keeps its raw samples in benchmarks/results; `make bench` runs them
all. Modules with an underscore are helpers.
"""
