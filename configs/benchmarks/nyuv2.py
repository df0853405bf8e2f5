# All methods on NYUv2 with the published protocol, in two of the six orders.
_base_ = ["../had/nyuv2_seg_depth_normal.py", "../_base_/benchmark_methods.py"]
benchmark = dict(orders=[["seg", "depth", "normal"], ["depth", "normal", "seg"]])
