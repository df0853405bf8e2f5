"""Small datasets with random content in their publishers' layouts and encodings."""

import json
from pathlib import Path

import cv2
import numpy as np
from scipy.io import savemat

SIZE = (32, 48)


def write(path: Path, array: np.ndarray) -> None:
    """An image, or an array for ``.npy``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, array)
    else:
        assert cv2.imwrite(str(path), array)


def noise(rng) -> np.ndarray:
    return rng.integers(0, 255, (*SIZE, 3)).astype(np.uint8)


def cityscapes(root: Path, rng) -> None:
    """Three training and two validation frames of one city."""
    for split, frames in (("train", 3), ("val", 2)):
        for i in range(frames):
            name = f"ulm/ulm_{i:06}_000019"
            labels = rng.choice([0, 4, 7, 8, 11, 23, 26, 29], SIZE).astype(np.uint8)
            disparity = rng.integers(0, 20000, SIZE).astype(np.uint16)
            disparity[rng.random(SIZE) < 0.2] = 0
            write(root / "leftImg8bit" / split / f"{name}_leftImg8bit.png", noise(rng))
            write(root / "gtFine" / split / f"{name}_gtFine_labelIds.png", labels)
            write(root / "disparity" / split / f"{name}_disparity.png", disparity)
            camera = root / "camera" / split / f"{name}_camera.json"
            camera.parent.mkdir(parents=True, exist_ok=True)
            content = dict(extrinsic=dict(baseline=0.22), intrinsic=dict(fx=2262.0))
            camera.write_text(json.dumps(content))


def cityscapes_npy(root: Path, rng) -> None:
    """Arrays as the multi-task literature shares them."""
    for split, frames in (("train", 3), ("val", 2)):
        for i in range(frames):
            arrays = dict(
                image=rng.random((*SIZE, 3)),
                label_7=rng.integers(-1, 7, SIZE).astype(np.float64),
                label_19=rng.integers(-1, 19, SIZE).astype(np.float64),
                depth=np.maximum(rng.uniform(-0.1, 0.5, (*SIZE, 1)), 0),
            )
            for folder, array in arrays.items():
                write(root / split / folder / f"{i}.npy", array)


def nyuv2(root: Path, rng) -> None:
    """The authors' arrays."""
    for split, frames in (("train", 4), ("val", 2)):
        for i in range(frames):
            normal = rng.normal(size=(*SIZE, 3))
            normal[rng.random(SIZE) < 0.2] = 0
            arrays = dict(
                image=rng.random((*SIZE, 3)).astype(np.float32),
                label=rng.integers(-1, 13, SIZE),
                depth=np.maximum(rng.uniform(-1, 9, (*SIZE, 1)), 0),
                normal=normal,
            )
            for folder, array in arrays.items():
                write(root / split / folder / f"{i}.npy", array)


def taskonomy(root: Path, rng) -> None:
    """Two buildings and the table that puts one into each split."""
    for building in ("ackermanville", "brinnon"):
        for i in range(3):
            depth = rng.integers(500, 4000, SIZE).astype(np.uint16)
            depth[rng.random(SIZE) < 0.2] = 65535
            half = (SIZE[0] // 2, SIZE[1] // 2)
            images = dict(
                rgb=noise(rng),
                segment_semantic=rng.integers(0, 18, half).astype(np.uint8),
                depth_zbuffer=depth,
                depth_euclidean=depth,
                normal=noise(rng),
                reshading=noise(rng),
                edge_texture=rng.integers(0, 11000, SIZE).astype(np.uint16),
                edge_occlusion=rng.integers(0, 10000, SIZE).astype(np.uint16),
                keypoints2d=rng.integers(0, 3000, SIZE).astype(np.uint16),
                keypoints3d=rng.integers(0, 65536, SIZE).astype(np.uint16),
                principal_curvature=noise(rng),
            )
            for domain, image in images.items():
                stored = domain.replace("segment_semantic", "segmentsemantic")
                name = f"point_{i}_view_0_domain_{stored}.png"
                write(root / domain / building / name, image)
    table = root / "splits_taskonomy" / "train_val_test_medium.csv"
    table.parent.mkdir()
    table.write_text("id,train,val,test\nackermanville,1,0,0\nabsent,0,1,0\nbrinnon,0,0,1\n")


def pascal(root: Path, rng) -> None:
    """Three training and two validation images."""
    number = 0
    for split, images in (("train", 3), ("val", 2)):
        ids = [f"2008_{number + i:06}" for i in range(images)]
        number += images
        listed = root / "ImageSets" / "Context" / f"{split}.txt"
        listed.parent.mkdir(parents=True, exist_ok=True)
        listed.write_text("\n".join(ids))
        for name in ids:
            labels = rng.choice([0, 1, 15, 20, 255], SIZE).astype(np.uint8)
            write(root / "JPEGImages" / f"{name}.jpg", noise(rng))
            write(root / "semseg" / "VOC12" / f"{name}.png", labels)
            write(root / "sal_distill" / f"{name}.png", noise(rng)[..., 0])
            write(root / "normals_distill" / f"{name}.png", noise(rng))
            regions = root / "pascal-context" / "trainval" / f"{name}.mat"
            parts = root / "human_parts" / f"{name}.mat"
            for path in (regions, parts):
                path.parent.mkdir(parents=True, exist_ok=True)
            # of the four, 440 (wall) is one at which normals count
            savemat(regions, dict(LabelMap=np.where(labels < 16, labels, np.uint16(440))))
            mask = np.zeros(SIZE, np.uint8)
            mask[:16] = 1
            part = np.array([("torso", mask)], dtype=[("part_name", object), ("mask", object)])
            kinds = [(n, object) for n in ("class", "class_ind", "mask", "parts")]
            person = np.array([("person", 15, mask, part)], dtype=kinds)
            savemat(parts, dict(anno=dict(imname=name, objects=person)))
