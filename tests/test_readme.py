"""How README opens, and how it reads on a package index, where relative links lead nowhere."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize(
    "urls, expected",
    [
        ('Repository = "https://x.org/a/b/"', "https://x.org/a/b/"),
        ('HAD = "https://arxiv.org"', None),
    ],
)
def test_links_become_absolute_or_names(urls, expected):
    describe = runpy.run_path(str(ROOT / "setup.py"), run_name="imported")["long_description"]
    links = "[how](docs/b.md#c), [docs/b.md](docs/b.md), [HAD](https://h.org)"
    text = f"![strip](docs/a.png)\n# t\n{links}"
    shown = describe(text, f"[project.urls]\n{urls}\n")
    if expected:
        assert f"![strip]({expected}raw/HEAD/docs/a.png)" in shown
        assert f"[how]({expected}blob/HEAD/docs/b.md#c)" in shown
    else:
        assert shown.startswith("# t") and "how (docs/b.md), docs/b.md, [HAD]" in shown
    assert "[HAD](https://h.org)" in shown


def test_readme_opens_with_a_prediction():
    head = (ROOT / "README.md").read_text().split("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", head, re.DOTALL)
    assert "LifelongInferencer(" in block and len(block.splitlines()) <= 4


def test_pictures_are_there_and_small():
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for name in re.findall(r"!\[[^\]]+\]\((?!http)([^)]+)\)", page.read_text()):
            assert 0 < (page.parent / name).stat().st_size < 300_000
