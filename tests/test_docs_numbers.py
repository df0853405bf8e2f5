"""Means and deviations quoted in pages are rounded values of tables in docs/results."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAIR = re.compile(r"([+-]?\d+\.\d+) ± (\d+\.\d+)")


def pairs(path):
    return PAIR.findall(path.read_text())


@pytest.fixture(scope="module")
def measured():
    pages = (ROOT / "docs/results").glob("*.md")
    return {(float(mean), float(spread)) for page in pages for mean, spread in pairs(page)}


def is_rounding_of(text, value):
    digits = len(text.partition(".")[2])
    return abs(value - float(text)) <= 0.5 * 10**-digits + 1e-9


@pytest.mark.parametrize("page", ["README.md", "docs/benchmarks.md"])
def test_quoted_numbers_were_measured(page, measured):
    quoted = pairs(ROOT / page)
    assert quoted
    strange = [
        (mean, spread)
        for mean, spread in quoted
        if not any(is_rounding_of(mean, a) and is_rounding_of(spread, b) for a, b in measured)
    ]
    assert strange == []
