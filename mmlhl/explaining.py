"""Text for messages: an exception as a sentence, and the first of many problems."""

from __future__ import annotations

import linecache
import traceback
import unicodedata
from collections.abc import Iterable

#: explicit marks of direction; those of single letters, as in Hebrew or Arabic, need none
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def explained_error(error: BaseException) -> str:
    """The text of an exception, to end a sentence.

    Returns:
        The text of a ValueError; for others their class and text. An assertion without a text is
        quoted from its source, such as ``AssertionError: assert 0 <= prob <= 1``.
    """
    text = str(error)
    if isinstance(error, ValueError) and text:
        return text
    if isinstance(error, KeyError) and len(error.args) == 1:
        text = str(error.args[0])  # str() would quote it
    if not text and error.__traceback__ is not None:
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        text = linecache.getline(frame.f_code.co_filename, line).strip()
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def first_few(problems: Iterable[str], count: int = 5, separator: str = "; ") -> str:
    """The first problems in one line, and the number of the others."""
    problems = list(problems)
    more = f" and {len(problems) - count} more" if len(problems) > count else ""
    return separator.join(problems[:count]) + more


def is_shown(text: str) -> bool:
    """Whether a terminal shows a text as it is, in one line.

    Returns:
        False if it has control characters, half letters, other ends of lines, or marks that turn
        the direction of writing, by which a name is read as another one.
    """
    return not any(
        unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") or letter in _TURNING
        for letter in text
    )
