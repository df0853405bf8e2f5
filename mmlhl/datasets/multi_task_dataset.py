"""One image list with several kinds of annotation."""

from __future__ import annotations

import os
import os.path as osp
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmseg.registry import DATASETS, TRANSFORMS

from .annotation import Annotation
from .arguments import (
    check_fields,
    check_img,
    check_listing_options,
    check_split,
    check_switches,
    check_tasks,
    image_loader,
    local_root,
    parse_annotations,
)
from .classes import (
    check_field_names,
    check_label_options,
    field_metainfo,
    resolve_classes,
    stored_classes,
    with_steps,
)
from .decoding import label_table
from .endings import spell_as_on_disk
from .first_sample import look_at_first, need_first
from .given_options import given_options
from .indices import check_indices, check_places
from .listing import ListsSamples
from .marks import settle_marks
from .parts import check_part, take_part
from .pipelines import build_steps, refuse_bending, try_labels
from .reading_order import refuse_late_loaders
from .shown_classes import shown_classes


@DATASETS.register_module()
class MultiTaskDataset(ListsSamples):
    """Images with any number of annotations; only those of ``tasks`` are read.

    A sample's id is its image's path under ``img['dir']`` without ``img['suffix']``, so folders may
    be nested; the file of an annotation is ``<dir>/<id><suffix>``. Suffixes match in lower and
    upper case, ``.jpeg`` like ``.jpg`` and ``.tiff`` like ``.tif``. Both images and annotations
    are image files or ``.npy`` arrays. Paths in lists cannot leave the data root.

    With ``part=(index, parts)`` the dataset holds one of ``parts`` disjoint parts of equal size, as
    in the protocol of lifelong heterogeneous learning: a permutation seeded by ``part_seed``, the
    same for every index, is cut into ``parts`` pieces and the remainder is dropped.

    Args:
        data_root: Folder that all others are relative to. ``~`` in it or in them is the home.
        img: ``dir`` and ``suffix`` of the images. ``{split}`` in any folder, and in ``ann_file``,
            stands for ``split``.
        annotations: Task name -> arguments of :class:`~mmlhl.datasets.annotation.Annotation`.
            Merged into the class's ``ANNOTATIONS``; None as value removes one of them.
        tasks: Names of the annotations to read; all when None.
        part: None for all images, or ``(index, parts)`` with the index counted from 0.
        part_seed: Seed of the permutation that parts are cut from.
        split: Put in place of ``{split}``, e.g. ``train``.
        ann_file: Optional file with one id per line (relative to ``data_root``). All images under
            the image folder when empty.
        metainfo: ``classes`` and ``palette`` of the task whose field is ``sem_seg``; the classes
            may be a text file with one name per line. Where the class or the annotation names the
            classes in the files, these are some of them, and labels follow: others become 255.
            Names of other class tasks are added as ``<field>_classes`` and ``<field>_palette``,
            and units as ``<field>_unit``, which ``metainfo`` may give for any field.
        pipeline: Transforms. Each moves every annotation or is refused by name, see
            :mod:`~mmlhl.datasets.pipelines`. ``LoadImageFromFile`` is replaced by ``LoadImage``,
            which also reads ``.npy`` images, so that the same pipeline works in mmseg's inferencer.
        test_mode: As in mmengine, but does not ask for classes.
        lazy_init: Whether to put off the listing of files.
        **kwargs: Further arguments of ``BaseSegDataset`` (``indices``, ``serialize_data``,
            ``reduce_zero_label``, ``backend_args``, ``max_refetch``, ...).

    Raises:
        ValueError: If an argument makes no sense, a task has no annotation, or no image is found.
        FileNotFoundError: If a folder, ``ann_file`` or a file of the first sample does not exist.
    """

    IMG: dict = dict(dir="image", suffix=".png")
    ANNOTATIONS: dict = dict()
    stored_labels: Any = None  #: a ``LabelFolder`` of old tasks' pseudo labels to load as well

    def __init__(
        self,
        data_root: str | os.PathLike | None = None,
        img: Mapping[str, str] | None = None,
        annotations: Mapping[str, Mapping[str, Any] | None] | None = None,
        tasks: Sequence[str] | None = None,
        part: Sequence[int] | None = None,
        part_seed: int = 0,
        split: str = "",
        ann_file: str | os.PathLike = "",
        metainfo: dict | None = None,
        pipeline: Sequence[dict | Callable] = (),
        test_mode: bool = False,
        lazy_init: bool = False,
        **kwargs: Any,
    ) -> None:
        owner = type(self).__name__
        ann_file = os.fspath(ann_file) if isinstance(ann_file, os.PathLike) else ann_file
        for key, word in (("split", split), ("ann_file", ann_file)):
            if not isinstance(word, str):
                raise ValueError(f"{key} of {owner} is {word!r}; it must be one string")
        own_filter = type(self).filter_data is not MultiTaskDataset.filter_data
        check_listing_options(kwargs, owner, own_filter)
        switches = dict(test_mode=test_mode, lazy_init=lazy_init, part_seed=part_seed)
        check_switches({**kwargs, **switches}, owner)
        kwargs["indices"] = check_indices(kwargs.get("indices"), owner)
        data_root = local_root(data_root, kwargs.get("backend_args"), owner)
        self.split = split
        self.img = check_img(img, self.IMG)
        self.annotations = parse_annotations(annotations, self.ANNOTATIONS, owner)
        self.given_options = given_options(annotations, self.ANNOTATIONS, kwargs)
        self.tasks = check_tasks(tasks, self.annotations, owner)
        check_fields(self.annotations, self.tasks, owner)
        if not ann_file and self._lists_by_folder():
            folders = [self.img["dir"], *(ann.dir for ann in self.annotations.values())]
            check_split(split, folders, owner)
        self.part = check_part(part)
        self.part_seed = part_seed
        # id -> suffix of its image, if it is not exactly img['suffix']
        self._odd_ends: dict[str, str] = {}
        self._open_questions: dict[str, str] = {}
        self._shown: dict[str, list[tuple[str, int]]] = {}
        stored = stored_classes(self.annotations, self.METAINFO)
        given = metainfo
        metainfo, label_map = resolve_classes(given, stored, data_root, owner)
        chosen = given is not None and given.get("classes") is not None
        super().__init__(
            ann_file=osp.expanduser(self._in_split(ann_file)),
            img_suffix=self.img["suffix"],
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=dict(img_path=osp.expanduser(self._in_split(self.img["dir"]))),
            pipeline=build_steps(pipeline, self._reduces(kwargs)),
            test_mode=False,  # True would only make the parent's constructor demand classes
            lazy_init=True,
            **kwargs,
        )
        self.test_mode = test_mode
        self.label_map = self._metainfo["label_map"] = label_map
        shift = bool(self.reduce_zero_label)
        check_label_options(self.annotations, self._metainfo, chosen, shift, owner)
        self.ann_specs = self._finish_specs()
        kinds = {ann.key: ann.kind for ann in self.ann_specs.values()}
        refuse_late_loaders(self.pipeline)
        refuse_bending(self.pipeline, kinds.values())
        try_labels(self.pipeline, kinds)
        check_field_names(self.annotations.values(), self._metainfo, owner)
        for key, value in field_metainfo(self.annotations.values()).items():
            self._metainfo.setdefault(key, value)
        for task, ann in self.ann_specs.items():
            self._metainfo.setdefault(f"{ann.field}_task", task)  # captions of pictures
        self.img_loader = image_loader(self.pipeline, self.backend_args)
        if not lazy_init:
            self.full_init()

    def get_label_map(self, new_classes: Sequence | None = None) -> dict | None:
        """Class in the files -> class of this dataset, or None.

        mmseg's would use ``METAINFO`` only, but here annotations may name the classes, too.
        """
        return getattr(self, "label_map", None)

    @classmethod
    def _lists_by_folder(cls) -> bool:
        """Whether no class below chooses its samples in a way of its own."""
        ways = ("__init__", "load_data_list", "list_ids", "filter_data", "sample_info")
        return all(getattr(cls, way) is getattr(MultiTaskDataset, way) for way in ways)

    def _reduces(self, options: Mapping[str, Any]) -> bool:
        """Whether the dataset or the annotation of ``sem_seg`` has ``reduce_zero_label``."""
        own = (ann.reduce_zero_label for ann in self.annotations.values() if ann.field == "sem_seg")
        return bool(options.get("reduce_zero_label")) or any(own)

    def _finish_specs(self) -> dict[str, Annotation]:
        """Annotations of the tasks to read, with label options filled in and sources built."""
        specs = {}
        for task in self.tasks:
            ann = self.annotations[task]
            if ann.kind == "classes" and ann.field == "sem_seg":
                shift = bool(self.reduce_zero_label) and ann.source is None
                ann = with_steps(ann, self._metainfo, self.label_map, shift)
            if ann.is_integer and ann.source is None:
                label_table(ann)  # refuses an id_map to classes that do not exist
            if isinstance(ann.source, Mapping):
                ann = replace(ann, source=TRANSFORMS.build({"field": ann.field, **ann.source}))
            specs[task] = ann
        return specs

    def full_init(self) -> None:
        """List the samples, take the requested subset and part, and serialise them.

        Raises:
            ValueError: If nothing is left.
            FileNotFoundError: If a folder or file that is needed does not exist.
        """
        if self._fully_initialized:  # type: ignore[has-type]
            return
        self.data_list = self.load_data_list()
        spell_as_on_disk(self.data_list, self.ann_specs)
        self.data_list = self.filter_data()
        # for the whole dataset, as its parts might be decided differently
        found = settle_marks(self.ann_specs, self.data_list, self.backend_args)
        self.ann_specs, self._open_questions = found
        if self._indices is not None:
            check_places(self._indices, len(self.data_list))
            self.data_list = self._get_unserialized_subset(self._indices)
        if self.part is not None:
            self.data_list = take_part(self.data_list, self.part, self.part_seed)
        need_first(self)
        look_at_first(self)
        if self.serialize_data:
            self.data_bytes, self.data_address = self._serialize_data()
        self._fully_initialized = True

    def get_data_info(self, idx: int) -> dict:
        """Dictionary of one sample, the input of the pipeline.

        Returns:
            The sample's dictionary with ``ann_specs`` (task -> annotation), ``open_questions``
            (task -> why its files are ambiguous) and ``img_loader``, the transform that reads its
            image; these are shared by all samples.
        """
        info = super().get_data_info(idx)
        info["ann_specs"] = self.ann_specs
        info["open_questions"] = self._open_questions
        info.update(img_loader=self.img_loader, stored_labels=self.stored_labels)
        return info

    def get_cat_ids(self, idx: int) -> list[tuple[str, int]]:
        """Classes that an image shows, each with its task, for ``ClassBalancedDataset``.

        The image's label is read once.

        Raises:
            ValueError: If no task of the dataset has classes.
        """
        image = self.get_data_info(idx)["img_id"]
        if image not in self._shown:  # the wrapper asks twice
            self._shown[image] = shown_classes(self, idx)
        return self._shown[image]
