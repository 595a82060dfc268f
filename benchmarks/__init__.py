"""Measurements: ratios within one run, never a timed unit test. `make bench`, or `python -m benchmarks --help`."""
