"""Measurements and long runs that are no tests: each module is a command, ``python -m benchmarks.NAME``."""
