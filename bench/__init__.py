"""Benchmarks against peers: `python -m bench`. Of single decisions: `python -m bench.micro`."""
