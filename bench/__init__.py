"""Benchmarks: each promise of the design measured by one command."""
