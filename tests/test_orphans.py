"""Child processes end with a killed parent: real processes with few imports."""

import subprocess
import sys

import pytest

from mmlhl import orphans

SCRIPT = """
import multiprocessing, os, runpy, sys, time

def child(path):
    runpy.run_path(path)["end_with_parent"](0.05)
    os.write(1, b"begun\\n")  # one write: the children share the pipe
    time.sleep(120)

if __name__ == "__main__":
    kind, path = sys.argv[1:]
    if kind == "os.fork":
        os.fork() or child(path)
    else:
        for _ in range(2):
            multiprocessing.get_context(kind).Process(target=child, args=(path,)).start()
    time.sleep(120)
"""


@pytest.mark.parametrize("kind", ["os.fork", "fork", "forkserver"])
def test_a_killed_parent_takes_its_children_along(kind, tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script), kind, orphans.__file__]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as parent:
        children = 1 if kind == "os.fork" else 2
        assert [parent.stdout.readline() for _ in range(children)] == ["begun\n"] * children
        parent.kill()
        # end of file: no writer of the pipe is left
        rest, _ = parent.communicate(timeout=30)
    assert rest.count("is gone: this one ends as well") == children
