"""Bad inputs: lists of ids, and files instead of values in configs."""

from .registry import bad


def listed(name, text, *expected, error=ValueError):
    """Register a list of ids."""

    @bad("lists of ids", name, "ids.txt", *expected, error=error)
    def spoil(setting):
        content = text if isinstance(text, bytes) else text.encode()
        (setting.root / "ids.txt").write_bytes(content)
        setting.edit({"train_dataloader.dataset.ann_file": "ids.txt"})


listed("an id twice", "0\n1\n0\n", "line 3", "line 1", "'0'")
listed("an id twice, once with its suffix", "0\n1\n./0.png\n", "line 3", "line 1")
listed("an id without an image", "0\n77\n", "line 2", "77", error=FileNotFoundError)
listed("no id at all", "\n\n# nothing\n", "one id per line")
listed("a path out of the data root", "0\n../../../etc/passwd\n", "line 2", "data root")
listed("an absolute path", "0\n/etc/passwd\n", "line 2", "absolute")
listed("a path of Windows", "0\nC:\\images\\0\n", "line 2", "absolute")
listed("an address", "0\nhttps://example.org/0.png\n", "line 2", "absolute")
listed("a list that is an image", b"\x89PNG\r\n\x1a\n\xff\xfe", "line 1", "text")
listed("a list with a zero byte", "0\n1\0\n", "line 2", "zero byte")
listed("a list of pairs", "0.png 0.png\n1.png 1.png\n", "line 1", error=FileNotFoundError)
listed("the folder of the images, too", "train/image/0\n", "line 1", error=FileNotFoundError)
listed("a list in JSON", '["0", "1"]\n', "line 1", error=FileNotFoundError)
listed("ids of annotations", "0_label\n", "line 1", error=FileNotFoundError)


@bad("lists of ids", "a list that is not there", "ann_file", "no.txt", error=FileNotFoundError)
def missing(setting):
    setting.edit({"train_dataloader.dataset.ann_file": "no.txt"})


@bad("lists of ids", "a folder in place of a list", "train/seg", error=OSError)
def folder(setting):
    setting.edit({"train_dataloader.dataset.ann_file": "train/seg"})


@bad("lists of ids", "a list given as a list", "ann_file", "['0', '1']")
def given(setting):
    setting.edit({"train_dataloader.dataset.ann_file": ["0", "1"]})
