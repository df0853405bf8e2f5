"""Log files of an older sequence are kept; those of a resumed one are continued."""

import json

from mmlhl.engine.logs.files import has_environment, move_old_logs, remove_steps_after
from mmlhl.json_lines import json_lines


def test_logs_of_an_older_sequence_are_moved(tmp_path):
    assert move_old_logs(str(tmp_path)) is None
    for text in ("first", "second"):
        (tmp_path / "vis_data").mkdir()
        (tmp_path / "vis_data" / "scalars.json").write_text(text)
        (tmp_path / "sequence.log").write_text(text)
        move_old_logs(str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["earlier_logs"]
    kept = sorted((tmp_path / "earlier_logs").iterdir(), key=lambda path: len(path.name))
    assert [(path / "sequence.log").read_text() for path in kept] == ["first", "second"]
    assert [(path / "vis_data/scalars.json").read_text() for path in kept] == ["first", "second"]


def test_logged_steps_that_are_repeated_are_removed(tmp_path):
    path = tmp_path / "scalars.json"
    remove_steps_after(str(path), 3)
    assert not path.exists()
    lines = [dict(loss=1.0, step=step) for step in (2, None, "three", 4)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"loss": 1')
    remove_steps_after(str(path), 3)
    assert json_lines(str(path)) == lines[:3]
    assert path.read_text().endswith("}\n")


def test_existing_environment_is_found(tmp_path):
    assert not has_environment(str(tmp_path))
    (tmp_path / "sequence.log").write_text("a line\nSystem environment:\n    sys.platform: linux\n")
    assert has_environment(str(tmp_path))
