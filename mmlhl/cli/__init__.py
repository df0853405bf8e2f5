"""The `mmlhl` command: one name for the tools that are shipped with the package.

`mmlhl train CONFIG` is `python tools/train.py CONFIG`, wherever the package is installed. Nothing
else imports this room; `doctor` needs nothing but the standard library and rich, so that it runs
where an installation is broken.
"""

from __future__ import annotations

import ast
import difflib
import runpy
import sys
from collections.abc import Sequence

from ..paths import shipped_dir

#: Subcommand to the tool that it runs.
TOOLS = {
    "train": "train.py",
    "test": "test.py",
    "infer": "infer.py",
    "export": "model_converters/export.py",
    "publish": "model_converters/publish.py",
    "rooms": "dataset_converters/rooms.py",
    "compare": "analysis_tools/compare.py",
    "plot": "analysis_tools/plot.py",
    "report": "analysis_tools/report.py",
    "strip": "analysis_tools/strip.py",
    "get-flops": "analysis_tools/get_flops.py",
    "analyze-logs": "analysis_tools/analyze_logs.py",
    "browse-dataset": "analysis_tools/browse_dataset.py",
    "check-dataset": "dataset_converters/check_dataset.py",
}
DOCTOR = "doctor"


def usage() -> str:
    """What the command can do, a line each."""
    lines = ["usage: mmlhl COMMAND ...   (mmlhl COMMAND --help lists its options)", ""]
    for name, tool in TOOLS.items():
        source = (shipped_dir("tools") / tool).read_text(encoding="utf-8")
        what = (ast.get_docstring(ast.parse(source)) or tool).splitlines()[0]
        lines.append(f"  {name:<16} {what.rstrip('.')}")
    lines.append(f"  {DOCTOR:<16} What is installed, what is missing, and what mends it")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    Args:
        arguments: the command line without the program's name; that of the process if None.

    Returns:
        The exit status: 2 for an unknown command, otherwise the tool's own.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name == DOCTOR:
        from .doctor import run

        return run(rest)
    if name not in TOOLS:
        near = difflib.get_close_matches(name, [*TOOLS, DOCTOR], 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        print(f"mmlhl: there is no command {name!r}{hint}\n\n{usage()}", file=sys.stderr)
        return 2
    before, tool = sys.argv, str(shipped_dir("tools") / TOOLS[name])
    sys.argv = [f"mmlhl {name}", *rest]  # as messages and --help call it
    try:
        runpy.run_path(tool, run_name="__main__")
    finally:
        sys.argv = before
    return 0
