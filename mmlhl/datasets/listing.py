"""Listing a dataset's samples: its folders, its ids, and the files of each id."""

from __future__ import annotations

import os.path as osp
from collections.abc import Mapping

from mmengine import fileio
from mmengine.utils import is_abs
from mmseg.datasets import BaseSegDataset

from .annotation import Annotation
from .endings import what_is_in
from .first_sample import infer_hint
from .ids import find_ids, read_ids, refuse_left_out, without_labels


class ListsSamples(BaseSegDataset):
    """Base of a dataset whose images and annotations have names made of an id and a suffix.

    Attributes:
        split: Replaces ``{split}`` in folders.
        img: Folder and suffix of the images.
        annotations: Annotations of all tasks.
        ann_specs: Annotations of the tasks to read.
        label_map: Class in the files -> class of the dataset, or None.
    """

    split: str
    img: dict[str, str]
    annotations: dict[str, Annotation]
    ann_specs: dict[str, Annotation]
    label_map: dict | None
    _odd_ends: dict[str, str]

    def load_data_list(self) -> list[dict]:
        """List the samples.

        Returns:
            One dictionary per sample: ``img_path``, ``img_id``, ``ann_paths`` (task -> file) and
            what mmseg's own transforms read.

        Raises:
            ValueError: If there is no image.
            FileNotFoundError: If a folder or the list file does not exist.
        """
        img_dir = self.data_prefix["img_path"]
        self._need_folder(img_dir, "img['dir']", self.img["dir"])
        folders = self._ann_folders()
        for task, folder in folders.items():
            given = self.ann_specs[task].dir or ""
            self._need_folder(folder, f"annotations[{task!r}]['dir']", given)
        ids = self.list_ids(img_dir)
        if not ids:
            source = f"ann_file {self.ann_file!r}" if self.ann_file else f"folder {img_dir!r}"
            raise ValueError(
                f"{type(self).__name__} found no samples in {source}; expected "
                + (
                    "one id per line"
                    if self.ann_file
                    else f"files *{self.img['suffix']}{what_is_in(img_dir)}"
                )
            )
        return [self.sample_info(img_id, img_dir, folders) for img_id in ids]

    def list_ids(self, img_dir: str) -> list[str]:
        """Ids of all samples in their order.

        Returns:
            The lines of ``ann_file``, or the sorted image files without their suffix.
        """
        if not self.ann_file:
            return self.ids_in_folder(img_dir)
        folders = [img_dir, *self._ann_folders().values()]
        args = (self.img, folders, self.data_root, self.backend_args)
        return self._note_ends(read_ids(self.ann_file, *args))

    def ids_in_folder(self, folder: str, prefix: str = "") -> list[str]:
        """Ids of all images in a folder; the suffix may be spelt in any way.

        Args:
            folder: The folder.
            prefix: Path from the folder of the images to this one, with a slash at its end.

        Raises:
            ValueError: If two files have the same id, or the suffix leaves out annotated images.
        """
        found, others = find_ids(folder, self.img["suffix"], self.backend_args)
        found = without_labels(found, self._suffixes_beside_images(folder, prefix))
        if found:  # otherwise load_data_list refuses the folder
            refuse_left_out(others, folder, self.img, self._ann_folders(), self.ann_specs, prefix)
        return self._note_ends({prefix + name: found[name] for name in sorted(found)})

    def _suffixes_beside_images(self, folder: str, prefix: str) -> list[str]:
        """Suffixes of all annotations, of other tasks, too, whose files lie in a folder."""
        beside = []
        for ann in self.annotations.values():
            place = None if ann.dir is None else self._join(self._in_split(ann.dir))
            if place and osp.normpath(osp.join(place, prefix)) == osp.normpath(folder):
                beside.append(ann.suffix)
        return beside

    def _note_ends(self, ids: Mapping[str, str]) -> list[str]:
        self._odd_ends.update({n: end for n, end in ids.items() if end != self.img["suffix"]})
        return list(ids)

    def _ann_folders(self) -> dict[str, str]:
        return {
            task: self._join(self._in_split(ann.dir))
            for task, ann in self.ann_specs.items()
            if ann.dir is not None
        }

    def sample_info(self, img_id: str, img_dir: str, folders: Mapping[str, str]) -> dict:
        """The dictionary of one sample in the list of samples."""
        paths = {
            task: osp.join(folder, img_id + self.ann_specs[task].suffix)
            for task, folder in folders.items()
        }
        info = dict(
            img_path=osp.join(img_dir, img_id + self._odd_ends.get(img_id, self.img["suffix"])),
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

    def _in_split(self, folder: str) -> str:
        return folder.replace("{split}", self.split)

    def _join(self, folder: str) -> str:
        folder = osp.expanduser(folder)
        if self.data_root and not is_abs(folder):
            return osp.join(self.data_root, folder)
        return folder

    def _need_folder(self, folder: str, key: str, value: str) -> None:
        if not fileio.isdir(folder, backend_args=self.backend_args):
            raise FileNotFoundError(
                f"{type(self).__name__}: {key} is {value!r}, but the folder {folder!r} does not "
                f"exist (data_root={self.data_root!r}, split={self.split!r})"
                + infer_hint(self, key)
            )
