# Methods on rooms at 64x96 for tools/benchmarks/methods.py, small enough for 150 runs on a CPU.
_base_ = ["../had/rooms_64x96_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
benchmark = dict(orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]])
