"""Messages quoted in docs/faq.md are in the source."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ENTRIES = re.findall(r"^`(.+)`\n: (.+)", (ROOT / "docs/faq.md").read_text(), re.MULTILINE)


def texts(tree):
    """All strings of a module, with three dots for the values of f-strings."""
    parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            values = (v.value if isinstance(v, ast.Constant) else "..." for v in node.values)
            yield "".join(values)
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in parts
            and "\n" not in node.value  # docstrings are not messages
        ):
            yield node.value


@pytest.fixture(scope="module")
def messages():
    files = [path for path in ROOT.glob("mmlhl/**/*.py") if ".mim" not in path.parts]
    return [text for path in files for text in texts(ast.parse(path.read_text()))]


def test_there_are_entries():
    assert len(ENTRIES) > 30 and len({message for message, _ in ENTRIES}) == len(ENTRIES)


@pytest.mark.parametrize("message", [message for message, _ in ENTRIES])
def test_quoted_messages_are_in_the_source(messages, message):
    words = re.findall(r"[a-z']{2,}", message)
    assert len(words) >= 3, "too little to tell it from another message"
    pattern = re.compile(re.escape(message).replace(r"\.\.\.", ".*"))
    assert any(pattern.match(text) for text in messages)
