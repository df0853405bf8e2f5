"""The benchmarks: configs of their runs, processes that train them, reports."""
