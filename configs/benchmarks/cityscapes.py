# All methods on Cityscapes as arrays of 128x256, seven classes and inverse depth.
_base_ = ["../had/cityscapes_seg_depth.py", "../_base_/benchmark_methods.py"]
benchmark = dict(orders=[["seg", "depth"], ["depth", "seg"]])
