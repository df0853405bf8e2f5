# All methods on CamVid at 240x180, segmentation and edges.
_base_ = ["../had/camvid_seg_edge.py", "../_base_/benchmark_methods.py"]
benchmark = dict(orders=[["seg", "edge"], ["edge", "seg"]])
