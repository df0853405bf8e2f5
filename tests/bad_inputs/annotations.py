"""Bad inputs: options of annotations and datasets."""

from .registry import edits

SET = "train_dataloader.dataset"
SEG, DEPTH = f"{SET}.annotations.seg", f"{SET}.annotations.depth"
NORMAL, MASK = f"{SET}.annotations.normal", f"{SET}.annotations.mask"
ONLY_NORMAL = {"phases": [dict(tasks=["normal"])]}
ONLY_MASK = {"phases": [dict(tasks=["mask"])]}

edits(
    "annotations",
    ("a scale of 0", {f"{DEPTH}.scale": 0}, "['depth']['scale']", "0"),
    ("a negative scale", {f"{DEPTH}.scale": -0.001}, "scale", "-0.001"),
    ("a scale of NaN", {f"{DEPTH}.scale": float("nan")}, "scale", "NaN"),
    ("a scale of infinity", {f"{DEPTH}.scale": float("inf")}, "scale", "inf"),
    ("a scale as text", {f"{DEPTH}.scale": "mm"}, "scale", "'mm'"),
    ("a greatest depth below 0", {f"{DEPTH}.max_value": -5.0}, "max_value", "-5"),
    ("an offset of NaN", {f"{DEPTH}.offset": float("nan")}, "offset", "NaN"),
    ("an unknown kind", {f"{DEPTH}.kind": "disparity"}, "kind", "'disparity'", "depth"),
    ("no kind", {f"{DEPTH}.kind": ...}, "kind", "depth"),
    ("no folder", {f"{DEPTH}.dir": ...}, "dir"),
    ("num_classes of depth", {f"{DEPTH}.num_classes": 4}, "num_classes", "'depth'"),
    ("a threshold of classes", {f"{SEG}.threshold": 0.5}, "threshold", "classes"),
    ("axes of depth", {f"{DEPTH}.axes": ("x", "y", "z")[::-1]}, "axes"),
    ("axes twice", {f"{NORMAL}.axes": ("x", "x", "z"), **ONLY_NORMAL}, "axes", "x, y and z"),
    ("axes as one word", {f"{NORMAL}.axes": "xyz", **ONLY_NORMAL}, "axes", "'xyz'"),
    ("no classes", {f"{SEG}.classes": []}, "classes"),
    ("classes as a string", {f"{SEG}.classes": "wall"}, "classes", "'wall'"),
    ("a class twice", {f"{SEG}.classes": ["wall", "wall"]}, "classes", "'wall'", "twice"),
    ("classes and another num_classes", {f"{SEG}.num_classes": 9}, "num_classes", "9", "4"),
    ("a palette of another length", {f"{SEG}.palette": [[0, 0, 0]]}, "palette", "1", "4"),
    ("a colour above 255", {f"{SEG}.palette": [[0, 0, 300]] * 4}, "palette", "300"),
    ("an id map to a class that does not exist", {f"{SEG}.id_map": {0: 0, 1: 9}}, "id_map", "9"),
    ("an id map as a list", {f"{SEG}.id_map": [0, 1, 2]}, "id_map", "[0, 1, 2]"),
    ("an empty id map", {f"{SEG}.id_map": {}}, "id_map", "{}"),
    ("ids as text", {f"{SEG}.id_map": {"road": 0}}, "id_map", "'road'"),
    ("an ignored id that is a fraction", {f"{SEG}.ignore": 0.5}, "ignore", "0.5"),
    ("every class ignored", {f"{SEG}.ignore": [0, 1, 2, 3]}, "gnored", "[0, 1, 2, 3]"),
    ("a mask's value ignored", {f"{MASK}.ignore": 1, **ONLY_MASK}, "ignore", "1"),
    ("a mask of three classes", {f"{MASK}.num_classes": 3, **ONLY_MASK}, "binary", "3"),
    ("channels counted from -1", {f"{DEPTH}.channels": -1}, "channels", "-1"),
    ("resize as text", {f"{DEPTH}.resize": "yes"}, "resize", "'yes'"),
    ("a reader that is not a function", {f"{DEPTH}.reader": "exr"}, "reader", "'exr'"),
    ("a source that does not exist", {DEPTH: dict(kind="depth", source="Sobel")}, "'Sobel'"),
    ("an annotation as text", {DEPTH: "train/depth"}, "depth", "'train/depth'"),
    ("annotations as a list", {f"{SET}.annotations": ["seg"]}, "annotations", "['seg']"),
    ("no annotations", {f"{SET}.annotations": {}}, "annotation", "'seg'"),
    (
        "another annotation's kind",
        {f"{SEG}.kind": "depth", f"{SEG}.classes": ..., f"{SEG}.field": "sem_seg"},
        "'seg'",
        "'depth'",
    ),
    (
        "two annotations of one field",
        {f"{DEPTH}.field": "sem_seg", "model.heads.depth.field": "sem_seg"},
        "sem_seg",
    ),
    ("label_map with a gap", {f"{SEG}.label_map": {0: 0, 2: 1}}, "label_map"),
)
edits(
    "datasets",
    (
        "a subset of classes that are unknown",
        {f"{SET}.metainfo": dict(classes=["wall", "flor"])},
        "'flor'",
        "floor",
    ),
    ("the classes as a string", {f"{SET}.metainfo": dict(classes="wall")}, "classes", "wall"),
    ("metainfo as a list", {f"{SET}.metainfo": ["wall"]}, "metainfo", "wall"),
    ("a part beyond the parts", {f"{SET}.part": (3, 3)}, "part", "3"),
    ("a part of 0 parts", {f"{SET}.part": (0, 0)}, "part", "0"),
    ("indices that leave nothing", {f"{SET}.indices": 0}, "indices", "0"),
    ("indices beyond the images", {f"{SET}.indices": [77]}, "indices", "77"),
    ("img as a string", {f"{SET}.img": "train/image"}, "img", "'train/image'"),
    ("a suffix as a list", {f"{SET}.img.suffix": [".png"]}, "suffix", "['.png']"),
    ("a suffix that no image has", {f"{SET}.img.suffix": ".jpg"}, "*.jpg"),
    ("a pipeline that is a dict", {f"{SET}.pipeline": dict(type="LoadImageFromFile")}, "pipeline"),
    ("max_refetch below 0", {f"{SET}.max_refetch": -1}, "max_refetch", "-1"),
    (
        "tasks that are not annotated",
        {"test_dataloader.dataset.annotations.seg": None},
        "'seg'",
        "test_dataloader",
    ),
    (
        "a test set of other classes",
        {"test_dataloader.dataset.annotations.seg.classes": ["wall", "floor", "lamp", "table"]},
        "'lamp'",
        "'table'",
    ),
    (
        "an unknown dataset around it",
        {SET: dict(type="RepeatDatset", times=2)},
        "RepeatDatset",
        "RepeatDataset",
    ),
    (
        "a set repeated 0 times",
        {SET: dict(type="RepeatDataset", times=0, dataset=dict(type="MultiTaskDataset"))},
        "0",
    ),
    ("a filter that nothing reads", {f"{SET}.filter_cfg": dict(min_size=4)}, "filter_cfg"),
    ("mmseg's suffix of labels", {f"{SET}.seg_map_suffix": ".jpg"}, "seg_map_suffix", "suffix="),
    (
        "mmseg's folders",
        {f"{SET}.data_prefix": dict(img_path="image", seg_map_path="label")},
        "data_prefix",
        "annotations=",
    ),
    ("a concatenation of nothing", {SET: dict(type="ConcatDataset", datasets=[])}, "datasets"),
)
edits(
    "datasets",
    ("a folder that is not there", {f"{DEPTH}.dir": "train/dept"}, "'train/dept'", "dir"),
    ("a data root that is not there", {f"{SET}.data_root": "no/such/place"}, "no/such/place"),
    ("a data root that is a file", {f"{SET}.data_root": "README.md"}, "README.md"),
    error=FileNotFoundError,
)
