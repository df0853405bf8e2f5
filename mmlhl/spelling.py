"""Suggestions for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most similar to a word; None if none is similar."""
    near = difflib.get_close_matches(word, list(known), 1)
    return near[0] if near else None


def hint(word: str, known: Iterable[str]) -> str:
    """``"; did you mean 'name'?"`` for a message, empty if no known name is similar."""
    near = nearest(word, known)
    return f"; did you mean {near!r}?" if near else ""


def unknown(word: str, known: Iterable[str]) -> str:
    """The message about a key that does not exist, with the nearest and all known keys."""
    if word == "_delete_":  # mmengine takes it away where it acts
        return "there is nothing of a base that it could replace: leave it out"
    known = list(known)
    return f"there is no such key{hint(word, known)}; known are {known}"


def near_miss(word: str, known: Iterable[str]) -> str | None:
    """The known name that a word very probably misspells; None if there is none.

    This is stricter than :func:`nearest`, for places where users may add names of their own: one
    letter is wrong, missing, extra or swapped with the next, or two in names of ten letters or
    more. A name with digits at the end, an initial underscore, or the plural of a short name is
    taken as the user's own.
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
    """Number of letters to change, insert, remove or swap to turn one word into the other."""
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
