"""Errors that `make docs` would find, without sphinx: headings, navigation, duplicates."""

import inspect
import re
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = sorted(page for page in DOCS.glob("**/*.md") if "_build" not in page.parts)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_headings_go_down_by_one(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    levels = [len(marks) for marks in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[:1] in ([1], []) and 1 not in levels[1:]
    assert all(lower - upper <= 1 for upper, lower in zip(levels, levels[1:], strict=False))


def test_every_page_is_in_the_navigation_once():
    trees = re.findall(r"```\{toctree\}\n(.*?)```", (DOCS / "index.md").read_text(), re.DOTALL)
    names = [line for tree in trees for line in tree.splitlines() if line and line[0] != ":"]
    reached = Counter(page for name in names for page in DOCS.glob(f"{name}.md"))
    assert set(reached) == set(PAGES) - {DOCS / "index.md"}
    assert set(reached.values()) == {1}


def shown_objects(directive, path):
    """The objects for which autodoc writes an entry."""
    if directive != "module":
        parent, name = path.rsplit(".", 1)
        return [getattr(import_module(parent), name)]
    module = import_module(path)
    members = [getattr(module, name) for name in getattr(module, "__all__", vars(module))]
    members = [each for each in members if inspect.isclass(each) or inspect.isfunction(each)]
    if hasattr(module, "__all__"):
        return members
    return [each for each in members if each.__module__ == path and each.__name__[0] != "_"]


def test_reference_describes_each_object_once():
    asked = [
        entry
        for page in (DOCS / "api").glob("*.md")
        for entry in re.findall(r"^\.\. auto(\w+):: (\S+)", page.read_text(), re.MULTILINE)
    ]
    seen = Counter(each for entry in asked for each in shown_objects(*entry))
    assert seen and [each for each, times in seen.items() if times > 1] == []
