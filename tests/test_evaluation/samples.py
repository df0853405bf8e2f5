"""Small data samples and a random dataset for the tests of this package."""

import torch
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample

CLASSES = ("wall", "floor", "chair")


def sample(img_path="a/0.png", **maps):
    """A data sample; maps of shape (C, H, W) or (H, W) by name, such as ``gt_sem_seg``."""
    result = SegDataSample(metainfo=dict(img_path=img_path))
    for name, data in maps.items():
        data = torch.as_tensor(data)
        result.set_data({name: PixelData(data=data[None] if data.ndim == 2 else data)})
    return result


def random_samples(count, size=(6, 7)):
    """Samples of three tasks with unknown pixels, the same on every call."""
    generator = torch.Generator().manual_seed(3)

    def rand(*shape):
        return torch.rand(*shape, generator=generator)

    result = []
    for i in range(count):
        label = (rand(1, *size) * len(CLASSES)).long()
        depth, normal = 1 + rand(1, *size), rand(3, *size) - 0.5
        pred = dict(
            pred_sem_seg=torch.where(rand(1, *size) < 0.6, label, (label + 1) % len(CLASSES)),
            pred_depth_map=depth + rand(1, *size) - 0.4,
            pred_normal_map=normal + 0.3 * (rand(3, *size) - 0.5),
        )
        label[0, 0], depth[0, 1], normal[:, 2] = 255, float("nan"), float("nan")
        result.append(
            sample(
                f"val/{i}.png", gt_sem_seg=label, gt_depth_map=depth, gt_normal_map=normal, **pred
            )
        )
    return result


def uneven_samples(count):
    """Random samples of which the first lacks a task and the second alone has another one."""
    result = random_samples(count)
    del result[0].pred_depth_map
    if count > 1:
        for kind in ("gt", "pred"):
            result[1].set_data({f"{kind}_edge_map": result[1].get(f"{kind}_depth_map")})
    return result
