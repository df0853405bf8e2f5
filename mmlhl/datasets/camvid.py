"""CamVid street scenes with 11 classes and the image's edges as a second task."""

from __future__ import annotations

from mmseg.registry import DATASETS

from .multi_task_dataset import MultiTaskDataset


@DATASETS.register_module()
class CamVidDataset(MultiTaskDataset):
    """CamVid in the common split: ``{train,val,test}/<id>.jpg`` and ``<split>annot/<id>.png``.

    Labels are ids 0..10, 11 is void and ignored. ``edge`` is made from the image, see
    :class:`~mmlhl.datasets.transforms.sobel.SobelEdges`. For copies with PNG images set
    ``img=dict(suffix='.png')``.
    """

    METAINFO = dict(
        classes=(
            "sky",
            "building",
            "pole",
            "road",
            "pavement",
            "tree",
            "sign",
            "fence",
            "car",
            "pedestrian",
            "bicyclist",
        ),
        palette=[
            [128, 128, 128],
            [128, 0, 0],
            [192, 192, 128],
            [128, 64, 128],
            [60, 40, 222],
            [128, 128, 0],
            [192, 128, 128],
            [64, 64, 128],
            [64, 0, 128],
            [64, 64, 0],
            [0, 128, 192],
        ],
    )
    IMG = dict(dir="{split}", suffix=".jpg")
    ANNOTATIONS = dict(
        seg=dict(kind="classes", dir="{split}annot", ignore=(11, 255)),
        edge=dict(kind="channels", field="edge_map", source=dict(type="SobelEdges")),
    )
