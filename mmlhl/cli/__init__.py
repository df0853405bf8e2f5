"""The `mmlhl` command, which runs the tools shipped with the package.

`mmlhl train CONFIG` is `python tools/train.py CONFIG`, wherever the package is installed. Nothing
else imports this package; `doctor` needs only the standard library and rich, so that it runs even
if the installation is broken.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from ..paths import shipped_dir
from ..refusals import INTERRUPTED, end_output, take_any_text
from ..spelling import hint
from ..version import __version__

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
    """The subcommands, one line each."""
    lines = ["usage: mmlhl COMMAND ...   (mmlhl COMMAND --help lists its options)", ""]
    for name, tool in TOOLS.items():
        source = (shipped_dir("tools") / tool).read_text(encoding="utf-8")
        what = (ast.get_docstring(ast.parse(source)) or tool).splitlines()[0]
        lines.append(f"  {name:<16} {what.rstrip('.')}")
    lines.append(
        f"  {DOCTOR:<16} Check the installation: what is there, what is missing, and how to fix it"
    )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand.

    Returns:
        The exit status: 2 for an unknown command, 130 after Ctrl-C, otherwise the tool's own.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    take_any_text()
    try:
        status = _run(arguments)
    except OSError as error:  # of printing: the tools end with a message of their own
        end_output(error)
        raise
    end_output()
    return status


def _run(arguments: list[str]) -> int:
    """Run a subcommand; see :func:`main`."""
    if arguments[:1] == ["help"]:  # of a command, if one follows
        arguments = [*arguments[1:2], "--help"]
    if not arguments or arguments[0] in ("-h", "--help"):
        print(usage())
        return 0 if arguments else 2
    if arguments[0] == "--version":
        print(f"mmlhl {__version__}")
        return 0
    name, *rest = arguments
    if name == DOCTOR:
        from .doctor import run

        return run(rest)
    if name not in TOOLS:
        near = hint(name, [*TOOLS, DOCTOR])
        print(f"mmlhl: there is no command {name!r}{near}\n\n{usage()}", file=sys.stderr)
        return 2
    try:
        run_tool(shipped_dir("tools") / TOOLS[name], [f"mmlhl {name}", *rest])
    except KeyboardInterrupt:  # while the tool was still importing
        if "--traceback" in rest:
            raise
        print(f"mmlhl {name}: interrupted", file=sys.stderr)
        return INTERRUPTED
    return 0


def run_tool(tool: Path, command: list[str]) -> None:
    """Run a tool as Python runs a script, under the name by which the user called it.

    ``runpy`` would put the file's name into ``sys.argv``, and thus into messages and ``--help``.
    """
    script = ModuleType("__main__")
    script.__file__ = str(tool)  # processes that the tool starts import it
    arguments, main_module = sys.argv, sys.modules["__main__"]
    sys.argv, sys.modules["__main__"] = command, script
    try:
        exec(compile(tool.read_text(encoding="utf-8"), str(tool), "exec"), script.__dict__)
    finally:
        sys.argv, sys.modules["__main__"] = arguments, main_module
