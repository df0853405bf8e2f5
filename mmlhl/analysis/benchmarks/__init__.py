"""Runs of the benchmarks: their configs, their processes, their reports."""
