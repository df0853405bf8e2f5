"""Names that look like a known one but are not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that is most like a word, if one is like it at all."""
    near = difflib.get_close_matches(word, list(known), 1)
    return near[0] if near else None


def hint(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'name'?"`` for a message, empty if no known name is like the word."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def unknown(word: str, known: Iterable[str]) -> str:
    """The sentence on a key that does not exist, with the nearest and all known ones."""
    known = list(known)
    return f"there is no such key{hint(word, known)}; known are {known}"


def near_miss(word: str, known: Iterable[str]) -> str | None:
    """The known name of which a word is very probably a misspelling.

    Where names of one's own are allowed, being like a known one is not enough: one letter is
    wrong, missing, too many or swapped with the next, or two in names of ten letters and more.
    Digits at the end, an initial underscore, and the plural of a short name make a name of one's
    own.

    Args:
        word: A name that is not known.
        known: Names that are.
    """
    for name in known:
        short, long = sorted((word, name), key=len)
        own = long.startswith(short) and (
            long[len(short) :].lstrip("_").isdigit()
            or (long == word and long[len(short) :] == "s" and len(short) < 6)
        )
        if own or word.startswith("_"):
            continue
        if _distance(word, name) <= (2 if len(name) >= 10 else 1) and len(name) >= 4:
            return name
    return None


def _distance(a: str, b: str) -> int:
    """Letters to change, insert, remove or swap to come from one word to the other."""
    if abs(len(a) - len(b)) > 2:
        return 3
    rows = [list(range(len(b) + 1))]
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            best = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                best = min(best, rows[i - 2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]
