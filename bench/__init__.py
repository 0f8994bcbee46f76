"""Benchmarks: `python -m bench.macro`."""
