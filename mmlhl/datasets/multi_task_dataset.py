"""One image list with several kinds of annotation."""

from __future__ import annotations

import copy
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import mmengine.fileio as fileio
import numpy as np
from mmengine import list_from_file
from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS, TRANSFORMS

from .annotation import Annotation


@DATASETS.register_module()
class MultiTaskDataset(BaseSegDataset):
    """Images with any number of annotation kinds, of which only the wanted ones are read.

    A sample's id is its image's path under ``img['dir']`` without ``img['suffix']``, so folders may
    be nested; the file of an annotation is ``<dir>/<id><suffix>``. Both images and annotations are
    image files or ``.npy`` arrays.

    With ``part=(index, parts)`` the dataset holds one of ``parts`` disjoint parts of equal size, as
    in the protocol of lifelong heterogeneous learning: a permutation seeded by ``part_seed``, the
    same for every index, is cut into ``parts`` pieces and the remainder is dropped.

    Args:
        data_root: Folder that all others are relative to.
        img: ``dir`` and ``suffix`` of the images. ``{split}`` in any folder stands for ``split``.
        annotations: Task name -> arguments of :class:`~mmlhl.datasets.annotation.Annotation`.
            Merged into the class's ``ANNOTATIONS``; None as value removes one of them.
        tasks: Names of the annotations to read; all when None.
        part: None for all images, or ``(index, parts)`` with the index counted from 0.
        part_seed: Seed of the permutation that parts are cut from.
        split: Put in place of ``{split}`` in folders, e.g. ``train``.
        ann_file: Optional file with one id a line (relative to ``data_root``). All images under
            the image folder when empty.
        metainfo: ``classes`` and ``palette`` of the task whose field is ``sem_seg``. Those of
            other class tasks are added as ``<field>_classes`` and ``<field>_palette``.
        pipeline: Transforms. A ``LoadImageFromFile`` is replaced by ``LoadImage``, which also reads
            ``.npy`` images, so that the same pipeline works in mmseg's inferencer.
        test_mode: As in mmengine, but does not ask for classes.
        lazy_init: Whether to put off the listing of files.
        **kwargs: Further arguments of ``BaseSegDataset`` (``indices``, ``serialize_data``,
            ``reduce_zero_label``, ``backend_args``, ``max_refetch``, ...).

    Raises:
        ValueError: If an argument makes no sense, a task has no annotation, or no image is found.
        FileNotFoundError: If a folder or ``ann_file`` does not exist, or the first sample lacks a
            file.
    """

    IMG: dict = dict(dir="image", suffix=".png")
    ANNOTATIONS: dict = dict()

    def __init__(
        self,
        data_root: str | None = None,
        img: Mapping[str, str] | None = None,
        annotations: Mapping[str, Mapping[str, Any] | None] | None = None,
        tasks: Sequence[str] | None = None,
        part: Sequence[int] | None = None,
        part_seed: int = 0,
        split: str = "",
        ann_file: str = "",
        metainfo: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        **kwargs,
    ) -> None:
        self.split = split
        self.img = self._check_img({**self.IMG, **(img or {})})
        self.annotations = self._parse_annotations(annotations or {})
        self.tasks = self._check_tasks(tasks)
        self.part = self._check_part(part)
        self.part_seed = part_seed
        pipeline = [self._build_step(step) for step in pipeline]
        super().__init__(
            ann_file=ann_file,
            img_suffix=self.img["suffix"],
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(img_path=self._in_split(self.img["dir"])),
            pipeline=pipeline,
            test_mode=False,  # its only use in the parent's constructor is to demand classes
            lazy_init=True,
            **kwargs,
        )
        self.test_mode = test_mode
        self.ann_specs = self._finish_specs()
        for ann in self.annotations.values():
            if ann.classes is not None and ann.field != "sem_seg":
                self._metainfo[f"{ann.field}_classes"] = tuple(ann.classes)
                if ann.palette is not None:
                    self._metainfo[f"{ann.field}_palette"] = [list(c) for c in ann.palette]
        if not lazy_init:
            self.full_init()

    # ------------------------------------------------------------------ arguments

    @staticmethod
    def _check_img(img: dict) -> dict:
        unknown = sorted(set(img) - {"dir", "suffix"})
        if unknown:
            raise ValueError(f"img has the unknown key {unknown[0]!r}; known keys: 'dir', 'suffix'")
        return img

    def _parse_annotations(self, changes: Mapping) -> dict[str, Annotation]:
        merged: dict[str, dict] = copy.deepcopy(self.ANNOTATIONS)
        for name, change in changes.items():
            if change is None:
                merged.pop(name, None)
            else:
                merged[name] = {**merged.get(name, {}), **change}
        if not merged:
            raise ValueError(
                f"annotations of {type(self).__name__} is empty; it must name at least one task, "
                "e.g. annotations=dict(seg=dict(dir='label', suffix='.png', kind='classes'))"
            )
        return {name: Annotation.from_config(name, cfg) for name, cfg in merged.items()}

    def _check_tasks(self, tasks: Sequence[str] | None) -> list[str]:
        if tasks is None:
            return list(self.annotations)
        if isinstance(tasks, str):
            raise ValueError(f"tasks is the string {tasks!r}; it must be a list of task names")
        for task in tasks:
            if task not in self.annotations:
                raise ValueError(
                    f"tasks names {task!r}, but {type(self).__name__} has annotations only for "
                    f"{list(self.annotations)}"
                )
        return list(tasks)

    @staticmethod
    def _check_part(part: Sequence[int] | None) -> tuple[int, int] | None:
        if part is None:
            return None
        if len(part) != 2 or not 0 <= part[0] < part[1]:
            raise ValueError(
                f"part is {tuple(part)!r}; it must be (index, parts) with 0 <= index < parts"
            )
        return int(part[0]), int(part[1])

    def _build_step(self, step: dict | Callable) -> dict | Callable:
        if isinstance(step, Mapping) and step.get("type") == "LoadImageFromFile":
            step = {**step, "type": "LoadImage"}
        # mmengine's Compose would look in its own registry when no default scope is set
        return TRANSFORMS.build(step) if isinstance(step, Mapping) else step

    def _in_split(self, folder: str) -> str:
        return folder.replace("{split}", self.split)

    def _finish_specs(self) -> dict[str, Annotation]:
        """Annotations of the wanted tasks, with class counts filled in and sources built."""
        specs = {}
        for task in self.tasks:
            ann = self.annotations[task]
            if ann.kind == "classes" and ann.field == "sem_seg" and ann.num_classes is None:
                # labels are checked as stored, so a subset of classes does not narrow the range
                names = self.METAINFO.get("classes") or self._metainfo.get("classes")
                if names is not None:
                    ann = replace(ann, num_classes=len(names))
            if isinstance(ann.source, Mapping):
                ann = replace(ann, source=TRANSFORMS.build({"field": ann.field, **ann.source}))
            specs[task] = ann
        return specs

    # ------------------------------------------------------------------ samples

    def full_init(self) -> None:
        """List the samples, take the wanted subset and part of them, and store them compactly.

        Raises:
            ValueError: If nothing is left.
            FileNotFoundError: If a folder or file that is needed does not exist.
        """
        if self._fully_initialized:
            return
        self.data_list = self.load_data_list()
        self.data_list = self.filter_data()
        if self._indices is not None:
            self.data_list = self._get_unserialized_subset(self._indices)
        if self.part is not None:
            self.data_list = self._take_part(self.data_list)
        self._check_first()
        if self.serialize_data:
            self.data_bytes, self.data_address = self._serialize_data()
        self._fully_initialized = True

    def load_data_list(self) -> list[dict]:
        """List the samples.

        Returns:
            One dictionary a sample: ``img_path``, ``img_id``, ``ann_paths`` (task -> file) and
            what mmseg's own transforms read.

        Raises:
            ValueError: If there is no image.
            FileNotFoundError: If a folder or the list file does not exist.
        """
        img_dir = self.data_prefix["img_path"]
        self._need_folder(img_dir, "img['dir']", self.img["dir"])
        folders = {}
        for task, ann in self.ann_specs.items():
            if ann.dir is not None:
                folders[task] = self._join(self._in_split(ann.dir))
                self._need_folder(folders[task], f"annotations[{task!r}]['dir']", ann.dir)
        ids = self.list_ids(img_dir)
        if not ids:
            source = f"ann_file {self.ann_file!r}" if self.ann_file else f"folder {img_dir!r}"
            raise ValueError(
                f"{type(self).__name__} found no samples in {source}; expected "
                + ("one id a line" if self.ann_file else f"files *{self.img['suffix']}")
            )
        return [self.sample_info(img_id, img_dir, folders) for img_id in ids]

    def list_ids(self, img_dir: str) -> list[str]:
        """Ids of all samples in their order.

        Args:
            img_dir: Folder of the images.

        Returns:
            The lines of ``ann_file``, or the sorted image files without their suffix.
        """
        if self.ann_file:
            if not fileio.isfile(self.ann_file, backend_args=self.backend_args):
                raise FileNotFoundError(
                    f"ann_file {self.ann_file!r} of {type(self).__name__} does not exist"
                )
            lines = list_from_file(self.ann_file, backend_args=self.backend_args)
            return [line.strip() for line in lines if line.strip()]
        suffix = self.img["suffix"]
        files = fileio.list_dir_or_file(
            img_dir, list_dir=False, suffix=suffix, recursive=True, backend_args=self.backend_args
        )
        return sorted(file[: len(file) - len(suffix)].replace("\\", "/") for file in files)

    def sample_info(self, img_id: str, img_dir: str, folders: Mapping[str, str]) -> dict:
        """What is kept of one sample.

        Args:
            img_id: The sample's id.
            img_dir: Folder of the images.
            folders: Task -> folder of its annotation.

        Returns:
            The sample's dictionary.
        """
        paths = {
            task: osp.join(folder, img_id + self.ann_specs[task].suffix)
            for task, folder in folders.items()
        }
        info = dict(
            img_path=osp.join(img_dir, img_id + self.img["suffix"]),
            img_id=img_id,
            ann_paths=paths,
            label_map=self.label_map,
            reduce_zero_label=self.reduce_zero_label,
            seg_fields=[],
        )
        for task, path in paths.items():
            if self.ann_specs[task].field == "sem_seg":
                info["seg_map_path"] = path
        return info

    def get_data_info(self, idx: int) -> dict:
        """Dictionary of one sample, as the pipeline takes it.

        Args:
            idx: Index of the sample.

        Returns:
            The sample's dictionary with ``ann_specs`` (task -> annotation), shared by all samples.
        """
        info = super().get_data_info(idx)
        info["ann_specs"] = self.ann_specs
        return info

    def _take_part(self, data_list: list[dict]) -> list[dict]:
        index, parts = self.part
        size = len(data_list) // parts
        if size == 0:
            raise ValueError(
                f"part is {self.part}, but {len(data_list)} images cannot be cut into {parts} parts"
            )
        # RandomState's stream is frozen by numpy's policy: parts never change between versions
        order = np.random.RandomState(self.part_seed).permutation(len(data_list))
        chosen = np.sort(order[index * size : (index + 1) * size])
        return [data_list[i] for i in chosen]

    # ------------------------------------------------------------------ early checks

    def _join(self, folder: str) -> str:
        if self.data_root and not is_abs(folder):
            return osp.join(self.data_root, folder)
        return folder

    def _need_folder(self, folder: str, key: str, value: str) -> None:
        if not fileio.isdir(folder, backend_args=self.backend_args):
            raise FileNotFoundError(
                f"{type(self).__name__}: {key} is {value!r}, but the folder {folder!r} does not "
                f"exist (data_root={self.data_root!r}, split={self.split!r})" + self._hint(key)
            )

    def _hint(self, key: str) -> str:
        """What serves images that have no annotations, for the message that misses one."""
        if not (self.test_mode and key.startswith("annotations")):
            return ""
        return "; tools/infer.py predicts images that have no annotations"

    def _check_first(self) -> None:
        """A wrong suffix shows on the first sample; files in the middle are found when read."""
        if not self.data_list:
            raise ValueError(f"{type(self).__name__}: no samples left (indices={self._indices!r})")
        first = self.data_list[0]
        needed = {"img": first["img_path"]}
        needed.update({f"annotations[{t!r}]": p for t, p in first["ann_paths"].items()})
        for key, path in needed.items():
            if not fileio.exists(path, backend_args=self.backend_args):
                raise FileNotFoundError(
                    f"{type(self).__name__}: {path!r}, the {key} file of the first sample "
                    f"{first['img_id']!r}, does not exist; check 'dir' and 'suffix' of {key}"
                    + self._hint(key)
                )
