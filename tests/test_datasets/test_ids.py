"""Lists of ids in common notations are read, or refused with list and line."""

import os

import cv2
import numpy as np
import pytest
from mmengine.fileio import LocalBackend
from mmengine.fileio.backends import register_backend

from mmlhl.datasets import MultiTaskDataset, TaskonomyDataset
from mmlhl.datasets.missing_files import need_files


@pytest.fixture
def make(tmp_path):
    root = tmp_path / "root"
    for kind, array in (("image", np.zeros((4, 5, 3))), ("label", np.zeros((4, 5)))):
        for i in range(2):
            (root / kind / "a").mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(root / kind / "a" / f"{i}.png"), array)
    (tmp_path / "secret").mkdir()
    cv2.imwrite(str(tmp_path / "secret" / "0.png"), np.zeros((4, 5, 3)))

    def build(content=None, **kwargs):
        if content is not None:
            (root / "list.txt").write_bytes(content)
            kwargs["ann_file"] = "list.txt"
        args = dict(metainfo=dict(classes=("a", "b")), annotations=dict(seg=SEG))
        data = MultiTaskDataset(data_root=str(root), **{**args, **kwargs})
        return [data.get_data_info(i) for i in range(len(data))]

    build.root = root
    return build


SEG = dict(kind="classes", dir="label")
SAME = dict(
    plain=b"a/0\na/1\n",
    no_last_end=b"a/0\na/1",
    crlf=b"a/0\r\na/1\r\n\r\n",
    old_mac=b"a/0\ra/1\r",
    byte_order_mark=b"\xef\xbb\xbfa/0\r\na/1\r\n",
    utf16="\ufeffa/0\r\na/1\r\n".encode("utf-16-le"),
    backslash=b"a\\0\r\na\\1\r\n",
    with_suffix=b"a/0.png\na/1.png\n",
    with_suffix_in_one_line=b"a/0.png\na/1\n",
    backslash_and_suffix=b".\\a\\0.png\r\n.\\a\\1.png\r\n",
    blanks=b"  a/0\t\n\n   \n a/1  \n",
    detours=b"./a/0\na//1\n",
    up_and_down=b"a/../a/0\na/b/../1\n",
    comments=b"# the split of 2019\na/0\n#\na/1\n",
)


@pytest.mark.parametrize("name", SAME)
def test_spellings(make, name):
    found = make(SAME[name])
    assert [info["img_id"] for info in found] == ["a/0", "a/1"]
    assert found[1]["img_path"] == str(make.root / "image" / "a/1.png")
    assert found[1]["ann_paths"]["seg"] == str(make.root / "label" / "a/1.png")


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"a/0\na/7\n", 2, "a/7.png' does not exist; expected one id per line"),
        (b"\xef\xbb\xbf\r\n\r\na/7\r\n", 3, "a/7.png' does not exist"),
        (b"a/0  1\n", 1, "does not exist; expected one id per line.* The line has 2 columns"),
        (b"/a/0.png /b/0.png\n", 1, "absolute path.* The line has 2 columns"),
        (b"a/0\na/1.jpg\n", 2, "a/1.jpg.png' does not exist"),
        (b"image/a/0\n", 1, r"under img\['dir'\] \('image'\)"),
        (b"a/0\na/1\na/0\n", 3, "'a/0' is in line 1 already"),
        (b"a/0\na\\0.png\n", 2, "is in line 1 already"),
        (b"/etc/passwd\n", 1, "absolute path"),
        (b"C:\\data\\0\n", 1, "absolute path"),
        (b"\\\\server\\data\\0\n", 1, "absolute path"),
        (b"s3://bucket/0\n", 1, "absolute path"),
        (b"../../secret/0\n", 1, "leads out of the data root"),
        (b"a/0\na/../../../secret/0\n", 2, "leads out of the data root"),
        (b"..\\..\\secret\\0\n", 1, "leads out of the data root"),
        (b"a/..\n", 1, "names no file"),
        (b"a/0\n..\n", 2, "names no file"),
        (b"a/\xff\n", 1, "expected text in UTF-8"),
        (b"a/0\0\n", 1, "zero byte"),
    ],
)
def test_errors_name_list_and_line(make, content, line, message):
    with pytest.raises(
        (FileNotFoundError, ValueError), match=rf"list\.txt, line {line}: .*{message}"
    ):
        make(content)


def test_a_neighbour_within_the_root_may_be_named(make):
    (make.root / "more").mkdir()
    cv2.imwrite(str(make.root / "more" / "0.png"), np.zeros((4, 5, 3)))
    assert make(b"../more/0\n")[0]["img_path"].endswith("more/0.png")
    # but not from an annotation's folder that lies elsewhere
    outside = dict(kind="classes", dir=str(make.root.parent / "secret"))
    with pytest.raises(ValueError, match="line 1: '../more/0' leads out of the data root"):
        make(b"../more/0\n", annotations=dict(seg=outside))


def test_an_empty_list(make):
    with pytest.raises(ValueError, match=r"no samples in ann_file '.*list\.txt'"):
        make(b"\n# nothing yet\n")


def test_ids_with_blanks_hashes_and_dots(make):
    names = ["#1", "b c", "f.png g", "h, i", "d.e", ".f", "g..", "~h", "i:j"]
    for name in names:
        cv2.imwrite(str(make.root / "image" / f"{name}.png"), np.zeros((4, 5, 3)))
        cv2.imwrite(str(make.root / "label" / f"{name}.png"), np.zeros((4, 5)))
    found = make("\n".join(names).encode())
    assert [info["img_id"] for info in found] == names


def test_suffixes_in_capitals(make):
    (make.root / "image" / "a" / "1.png").rename(make.root / "image" / "a" / "1.PNG")
    paths = [info["img_path"] for info in make()]
    assert [path[-5:] for path in paths] == ["0.png", "1.PNG"]
    for line in (b"a/1.PNG\n", b"a/1.png\n", b"a/1\n"):  # with any suffix in the list
        assert make(line)[0]["img_path"] == paths[1]
    assert make(b"a/0.PNG\n")[0]["img_path"] == paths[0]
    assert make()[1]["ann_paths"]["seg"].endswith("label/a/1.png")
    assert len(make(img=dict(suffix=".PNG"))) == 2
    cv2.imwrite(str(make.root / "image" / "a" / "1.png"), np.zeros((4, 5, 3)))
    with pytest.raises(ValueError, match=r"has both 'a/1\.\w+' and 'a/1\.\w+'; an id must"):
        make()


def test_suffixes_of_labels_and_in_other_spellings(make):
    image, label = make.root / "image" / "a", make.root / "label" / "a"
    (label / "0.png").rename(label / "0.PNG")
    (label / "1.png").rename(label / "1.Png")
    paths = [info["ann_paths"]["seg"] for info in make()]
    assert [path[-5:] for path in paths] == ["0.PNG", "1.Png"]
    assert [info["seg_map_path"] for info in make(b"a/0\na/1\n")] == paths
    assert make(annotations=dict(seg=dict(SEG, suffix=".pNg")))[1]["ann_paths"]["seg"] == paths[1]
    for index, ends in ((0, ".jpg"), (1, ".jpeg")):  # as mmcv reads them, with any content
        (image / f"{index}.png").rename(image / f"{index}{ends}")
    for suffix in (".jpg", ".JPEG", ".Jpg"):
        found = [info["img_path"][-6:] for info in make(img=dict(suffix=suffix))]
        assert found == ["/0.jpg", "1.jpeg"]
    assert len(make(b"a/0.jpeg\na/1\n", img=dict(suffix=".jpg"))) == 2


def test_images_in_other_formats_are_not_left_out_silently(make):
    image = make.root / "image" / "a"
    (image / "0.png").rename(image / "0.JPG")
    with pytest.raises(ValueError, match=r"'\.png'\) leaves out: 1, such as 'a/0\.JPG'; they have"):
        make()
    assert len(make(b"a/1\n")) == 1
    assert [info["img_path"][-5:] for info in make(b"a/0.JPG\na/1\n")] == ["0.JPG", "1.png"]
    (make.root / "label" / "a" / "0.png").unlink()  # not annotated, so any file is allowed
    assert len(make()) == 1
    # labels beside their images are no images
    (make.root / "label" / "a" / "1.png").rename(image / "1_gt.jpg")
    assert len(make(annotations=dict(seg=dict(SEG, dir="image", suffix="_gt.jpg")))) == 1


def test_buildings_stay_inside_too(tmp_path):
    (tmp_path / "root" / "rgb" / "home").mkdir(parents=True)
    (tmp_path / "root" / "depth_zbuffer").mkdir()
    args = dict(data_root=str(tmp_path / "root"), tasks=["depth_zbuffer"])
    for name in ("../../outside", "/etc"):
        with pytest.raises(ValueError, match=r"buildings: .*(leads out|absolute)"):
            TaskonomyDataset(buildings=[name], **args)
        (tmp_path / "root" / "list.csv").write_bytes(
            b"\xef\xbb\xbfid,train\r\n" + f"{name},1".encode()
        )
        with pytest.raises(ValueError, match=r"list\.csv, line 2: .*(leads out|absolute)"):
            TaskonomyDataset(buildings="list.csv", split="train", **args)
    with pytest.raises(ValueError, match="3 in it is not a name"):
        TaskonomyDataset(buildings=[3], **args)


def test_the_split_names_the_list_too(make):
    make(b"a/1\n")  # list.txt
    (info,) = make(split="list", ann_file="{split}.txt")
    assert info["img_id"] == "a/1"


def test_several_suffixes_are_a_list(make):
    with pytest.raises(ValueError, match=r"\('.png', '.jpg'\).*listed in an ann_file"):
        make(img=dict(dir="image", suffix=(".png", ".jpg")))


@pytest.mark.parametrize("place", [".ipynb_checkpoints", "a/.thumbnails", "__MACOSX/a"])
def test_hidden_files_and_folders_hold_no_images(make, place):
    (make.root / "image" / place).mkdir(parents=True)
    hidden = "._0.png" if "MACOSX" in place else "0.png"
    (make.root / "image" / place / hidden).write_bytes(b"no image")
    (make.root / "image" / place / ".gone.png").symlink_to(make.root / "nothing")
    assert [info["img_id"] for info in make()] == ["a/0", "a/1"]


def test_what_a_folder_holds_instead(make):
    with pytest.raises(ValueError, match=r"files \*\.jpg; the folder holds 'a'$"):
        make(img=dict(dir="image", suffix=".jpg"))
    for i in range(2):
        (make.root / f"label/a/{i}.png").rename(make.root / f"label/a/mask_{i}.png")
    (make.root / "label/a/0.txt").touch()
    with pytest.raises(
        FileNotFoundError, match="seg'\\]; the folder holds 'mask_0.png' and 2 more$"
    ):
        make()
    (make.root / "none").mkdir()
    with pytest.raises(ValueError, match=r"files \*\.png; the folder is empty$"):
        make(img=dict(dir="none"))


def test_a_link_to_an_image_that_is_gone_is_named(make):
    """The listing of a folder left it out silently."""
    link = make.root / "image/a/2.png"
    link.symlink_to(make.root / "elsewhere/2.png")
    with pytest.raises(FileNotFoundError, match=r"a/2\.png' is a link to .*elsewhere/2\.png'"):
        make()
    link.rename(link.with_name(".2.png"))  # hidden files are never read
    assert len(make()) == 2


def test_the_home_of_the_user_in_any_path(make, monkeypatch):
    monkeypatch.setenv("HOME", str(make.root.parent))
    (make.root / "names.txt").write_text("x\ny\n")
    found = make(b"a/1\n")
    data = MultiTaskDataset(
        data_root="~/root",
        img=dict(dir="~/root/image"),
        ann_file="~/root/list.txt",
        metainfo=dict(classes="~/root/names.txt"),
        annotations=dict(seg=dict(SEG, dir="~/root/label")),
    )
    assert data.get_data_info(0)["ann_paths"] == found[0]["ann_paths"]
    assert data.metainfo["classes"] == ("x", "y") and data.data_root == str(make.root)


@pytest.mark.parametrize("root", ["file:///data", "gs://bucket/data", "htp://data", 3, ["a", "b"]])
def test_roots_that_nothing_can_read_are_named(root):
    with pytest.raises(ValueError, match=r"^data_root of MultiTaskDataset is .*(no '|one folder)"):
        MultiTaskDataset(data_root=root, annotations=dict(seg=SEG))


class Mapped(LocalBackend):
    """Maps paths as mmengine's petrel does by ``path_mapping``."""

    def __init__(self, below):
        self.below = below


def _mapped(name):
    def method(self, path, *args, **kwargs):
        return getattr(LocalBackend, name)(self, os.path.join(self.below, path), *args, **kwargs)

    return method


for _name in ("get", "exists", "isdir", "isfile", "list_dir_or_file"):
    setattr(Mapped, _name, _mapped(_name))
register_backend("mapped", Mapped, force=True)


@pytest.mark.parametrize("ann_file", ["", "list.txt"])
def test_files_of_a_backend_that_maps_paths(make, tmp_path, monkeypatch, ann_file):
    (make.root / "list.txt").write_text("a/0\na/1\n")
    # a folder of the same name on this machine, with a part of the images, does not matter
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "image" / "a").mkdir(parents=True)
    (tmp_path / "data" / "image" / "a" / "9.png").symlink_to("gone.png")
    (tmp_path / "stored").mkdir()
    make.root.rename(tmp_path / "stored" / "data")
    args = dict(backend="mapped", below=str(tmp_path / "stored"))
    steps = [
        dict(type="LoadImageFromFile", backend_args=args),
        dict(type="LoadAnnotations", backend_args=args),
        dict(type="PackSegInputs"),
    ]
    data = MultiTaskDataset(
        data_root="data",
        ann_file=ann_file,
        annotations=dict(seg=dict(SEG, num_classes=2)),
        pipeline=steps,
        backend_args=args,
        serialize_data=False,
    )
    need_files(data)
    assert [data[i]["data_samples"].img_id for i in range(len(data))] == ["a/0", "a/1"]
