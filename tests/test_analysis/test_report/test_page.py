"""The page: well-formed, self-contained, reachable by keyboard and screen reader, and escaped."""

import base64
import re
import shutil
import subprocess

import pytest

from mmlhl.analysis.report import write_report

from ..samples import record
from .page import Page

EVIL = '<b>"x"</b> $\\frac{a}$ | _y_'


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report on two runs, one of which has a label full of markup: page and Markdown."""
    root = tmp_path_factory.mktemp("runs")
    had, naive = record("HAD"), record("naive", 0, (50, 20), (80, 50), (None, 1.0))
    had.extra.update(label=EVIL, environment={"torch": "2.0", "commit": "abc123"}, config="<i>.py")
    had.save(root / "had" / "lifelong.json")
    naive.save(root / "naive" / "lifelong.json")
    for index, task in enumerate(("seg", "depth"), 1):
        folder = root / "had" / f"phase_{index}_{task}"
        logs = folder / "20260101_000000" / "vis_data"
        logs.mkdir(parents=True)
        lines = [f'{{"loss": {3 - i}.0, "memory": {900 + i}, "step": {10 * i}}}' for i in (1, 2)]
        (logs / "scalars.json").write_text("\n".join(lines))
        text = "model = dict(method=dict(type='HAD', weight='</pre><b>'))\n"
        text += "load_from = '/home/me/w/phase_1_seg/seg.pth'\n"
        text += "train_dataloader = dict(batch_size=4, dataset=dict(part=[0, 2]))\n"
        (folder / "20260101_000000.py").write_text(text)
    html, markdown = write_report([str(root / "had"), str(root / "naive")], root / "r.html")
    return html, markdown


@pytest.fixture(scope="module")
def page(written):
    return Page(written[0].read_text())


def test_landmarks_language_and_a_way_past_the_contents(page):
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("header", "nav", "main", "footer", "title")] == [1] * 5
    names = [a["id"] for _, a, _ in page.elements if "id" in a]
    assert len(names) == len(set(names))
    links = [a["href"] for a in page.all("a")]
    assert links[0] == "#content"
    assert {link.removeprefix("#") for link in links} <= set(names)
    labelled = [a["aria-labelledby"] for _, a, _ in page.elements if "aria-labelledby" in a]
    assert set(labelled) <= set(names)


def test_heading_levels_are_not_skipped(page):
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_tables_have_captions_scopes_and_a_frame_that_scrolls_by_keyboard(page):
    tables = page.all("table")
    assert len(page.all("caption")) == len(tables) > 5
    assert all(a["scope"] in ("col", "row") for a in page.all("th"))
    frames = [a for a in page.all("div") if a.get("class") == "scroll"]
    assert len(frames) == len(tables)
    assert all(a["tabindex"] == "0" and a["role"] == "region" for a in frames)
    assert all(parents[-1] == "div" for tag, _, parents in page.elements if tag == "table")


def test_pictures_are_in_the_page_and_have_a_text(page):
    pictures = page.all("img")
    assert len(pictures) == 5  # gain, two heat maps, curves, losses
    for picture in pictures:
        kind, data = picture["src"].split(";base64,")
        content = base64.b64decode(data, validate=True)
        assert kind == "data:image/svg+xml"
        assert content.rstrip().endswith(b"</svg>")
        assert len(picture["alt"]) > 20
    assert len(page.all("figcaption")) == len(pictures)


def test_page_refers_to_no_other_file_or_host(page):
    assert all(address.startswith(("#", "data:")) for address in page.addresses())
    assert not page.all("script") + page.all("iframe") + page.all("object")
    (style,) = page.text("style")
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style
    assert ":focus-visible" in style


def test_names_are_escaped(page, written):
    assert not page.all("b") + page.all("i")
    assert any(EVIL in text for text in page.text("span"))
    assert any("weight='</pre><b>'" in text for text in page.text("pre"))
    markdown = written[1].read_text()
    assert "<b>" not in markdown
    assert r'&lt;b&gt;"x"&lt;/b&gt; \$\\frac{a}\$ \| \_y\_' in markdown


def test_numbers_have_units_and_markdown_has_the_same_tables(page, written):
    markdown = written[1].read_text()
    assert "| depth abs_err [m] ↓ | - | 0.8000 |" in markdown
    assert "| seg mIoU [%] ↑ | 50.00 | 40.00 |" in markdown
    headings = [text for level in ("h1", "h2", "h3") for text in page.text(level)]
    lines = [line for line in markdown.splitlines() if line.startswith("#")]
    assert len(headings) == len(lines)
    assert len(re.findall("(?m)^\\| --- \\|", markdown)) == len(page.all("table"))
    # ((40-20)/20 + (70-50)/50) / 2 = 70 % and (1.0-0.8)/1.0 = 20 %: 45 % over both tasks
    assert "| +45.00 |" in markdown.replace("**", "")


def test_cost_settings_and_environment(page):
    cells = page.text("td") + page.text("th")
    for text in (
        "902",
        "phase_1_seg/seg.pth",
        "2.0",
        "abc123",
        "<i>.py",
        "1 of 2",
        "HAD(weight='</pre><b>')",
    ):
        assert text in cells
    assert "peak GPU memory [MB]" in cells


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("width", [400, 1600])
def test_a_browser_shows_it_without_an_error(written, tmp_path, width):
    probe = (
        "<script>addEventListener('load', () => { const root = document.documentElement;"
        "root.dataset.broken = [...document.images].filter(i => !i.naturalWidth).length;"
        "root.dataset.over = root.scrollWidth - innerWidth; });</script></body>"
    )
    html = written[0].read_text()
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    (tmp_path / "probe.html").write_text(html.replace("</body>", probe))
    pages = [written[0]] if width == 400 else []
    for name in (*pages, tmp_path / "probe.html"):
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command += ["--enable-logging=stderr", f"--window-size={width},900", f"file://{name}"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        assert "CONSOLE" not in result.stderr
    root = re.search(r"<html[^>]*>", result.stdout)[0]
    assert 'data-broken="0"' in root
    assert int(re.search(r'data-over="(-?\d+)"', root)[1]) <= 0
