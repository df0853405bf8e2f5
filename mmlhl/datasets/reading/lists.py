"""Reading text lists, with or without byte-order marks, CRLF and blank lines."""

from __future__ import annotations

import codecs
import os.path as osp
import re
from collections.abc import Callable

from .files import read_bytes

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


def read_lines(path: str, what: str, backend_args: dict | None = None) -> list[tuple[int, str]]:
    """The lines of a text file that are neither blank nor a comment.

    Args:
        path: The file: UTF-8, or UTF-16 with a byte-order mark, as written by Windows' shell.
        what: What it is for, for messages.
        backend_args: Arguments of mmengine's file backend.

    Returns:
        (number counted from 1, text without surrounding blanks) of each line. A comment begins with
        a hash and a blank.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is not text.
    """
    content = read_bytes(path, what, backend_args)
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        # marks also stand between lists that were joined, and DOS's end of a file at the end
        text = content.decode(encoding).replace("\ufeff", "").rstrip("\x1a")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ValueError(
            f"{path}, line {line}: expected text in UTF-8 as {what}, got {error.reason}"
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ValueError(f"{path}, line {line}: expected text as {what}, got a zero byte")
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    stripped = [(number, line.strip()) for number, line in enumerate(lines, 1)]
    return [(n, line) for n, line in stripped if line and line.split()[0] != "#"]


def columns_hint(line: str, is_file: Callable[[str], bool]) -> str:
    """What to do with a line that names an image and its label, and so no image as a whole.

    Args:
        line: The line, of which the image was not found.
        is_file: Whether there is an image of a name.

    Returns:
        The end of a sentence; empty if the line does not look like several columns.
    """
    columns = [each for each in re.split(r"[\s,;]+", line) if each]
    ended = all(osp.splitext(each)[1] for each in columns)
    if len(columns) < 2 or not (ended or re.search(r"[\t,;]", line) or is_file(columns[0])):
        return ""
    return (
        f". The line has {len(columns)} columns, as in lists of image and label: keep that of the "
        "image alone, relative to img['dir']; annotations say by dir and suffix where labels are"
    )
