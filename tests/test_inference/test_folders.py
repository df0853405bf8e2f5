"""Folders of images: maps and panels of earlier runs in them are no images."""

import pytest

from .test_sources import names, touch


def test_results_of_earlier_runs_are_no_images(tmp_path, monkeypatch):
    results = ["p/old/seg/a.png", "p/old/seg/day/b.png", "p/old/panels/a.png", "p/day/depth/a.png"]
    touch(tmp_path, "p/a.png", "p/day/b.png", "p/old/more/c.png", "p/panels/d.png", *results)
    (tmp_path / "p/old/maps.json").write_text('{"tasks": {"seg": {}, "gone": {}}}')
    (tmp_path / "p/day/maps.json").write_text('{"tasks": {"depth": {}}}')
    monkeypatch.chdir(tmp_path)
    kept = ["a", "day/b", "old/more/c", "panels/d"]
    for exclude in (None, "p/new", "p/old", "p"):
        left = [name for name in kept if exclude != "p/old" or not name.startswith("old")]
        assert sorted(names("p", exclude=exclude)) == left
        assert sorted(names("p/**/*.png", exclude=exclude)) == left
    assert names("p/old/seg") == ["a", "day/b"]  # named on its own
    assert names("p/old/seg/*.png") == ["a"]
    monkeypatch.chdir(tmp_path / "p/old")
    assert sorted(names(".")) == ["more/c"]
    with pytest.raises(FileNotFoundError, match="holds no image"):
        touch(tmp_path, "q/seg/a.png")
        (tmp_path / "q/maps.json").write_text('{"tasks": {"seg": {}}}')
        names("../../q")
