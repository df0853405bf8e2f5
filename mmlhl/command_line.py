"""Parsers and arguments that the command lines of all tools share."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from mmengine.config import Config, DictAction

from .config_files import config_file as config_file
from .config_values import as_list
from .spelling import nearest

#: options that are texts
_MAY_BE_EMPTY = ("--title", "--legend")
#: what does the same as an option of other training tools
_INSTEAD = {
    "--seed": "--cfg-options randomness.seed=0",
    "--deterministic": "--cfg-options randomness.deterministic=True",
    "--load-from": "--cfg-options load_from=FILE",
    **dict.fromkeys(("--gpus", "--gpu-ids"), "tools/dist_train.sh or dist_test.sh"),
    "--gpu-id": "CUDA_VISIBLE_DEVICES=0 before the command",
}
#: a tool in the examples of its docstring
_TOOL = re.compile(r"python tools/(?:\w+/)*(\w+)\.py")
#: a path in the home folder, perhaps after ``--option=`` or ``LABEL=``
_HOME = re.compile(r"^([^/~]*=)?~(?=/)")


def _at_home(start: re.Match) -> str:
    """The matched start of an argument with the home folder's path."""
    return (start[1] or "") + os.path.expanduser("~")


def _command(tool: re.Match) -> str:
    """The ``mmlhl`` command of a matched tool."""
    return f"mmlhl {tool[1].replace('_', '-')}"


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the lines of a description, and shows the default of every option that has one."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text, default = action.help or "", action.default
        if default in ([], ()) or default is None or default is False or "default" in text:
            return text
        if default == argparse.SUPPRESS or not action.option_strings:
            return text
        words = as_list(default)
        shown = " ".join(map(str, words)).replace("%", "%%")
        return f"{text} (default: {shown})"


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and names the nearest option to an unknown one.

    Args:
        doc: Docstring of the command's file. In ``--help`` its first paragraph is shown above the
            options, the others below, line by line; if the command was run as ``mmlhl``, so are
            the examples.
        **kwargs: Passed on to ``argparse.ArgumentParser``.
    """

    def __init__(self, doc: str | None = None, **kwargs: Any) -> None:
        if doc is not None:
            kwargs["description"], _, kwargs["epilog"] = doc.strip().partition("\n\n")
        kwargs.setdefault("formatter_class", HelpFormatter)
        kwargs.setdefault("allow_abbrev", False)
        super().__init__(**kwargs)
        if self.prog.startswith("mmlhl ") and self.epilog:
            self.epilog = _TOOL.sub(_command, self.epilog)
        self.add_argument("--traceback", action="store_true", help="show where an error was raised")

    def parse_known_args(  # type: ignore[override]  # of a type variable
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse a command line; an empty path, such as of an unset variable, is refused.

        ``~/`` is the home folder where the shell leaves it, as in quotes or after ``--out=``.
        """
        args = [_HOME.sub(_at_home, word) for word in (sys.argv[1:] if args is None else args)]
        for before, word in zip(["", *args], args, strict=False):
            empty = (word == "" and before not in _MAY_BE_EMPTY) or re.fullmatch(r"--[\w-]+=", word)
            if empty:
                place = word or before or "the first argument"
                self.error(f"{place.rstrip('=')}: an empty name; '.' is this folder")
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the message, with the nearest option if one is unknown, and exit with 2."""
        start, colon, unknown = message.partition("unrecognized arguments: ")
        if colon:
            known = [name[2:] for name in self._option_string_actions if name.startswith("--")]
            words = [word.partition("=")[0] for word in unknown.split() if word.startswith("-")]
            # compared without their dashes, which would make any short names similar
            near = next(filter(None, (nearest(word.lstrip("-"), known) for word in words)), None)
            message = start + colon + unknown + (f"; did you mean '--{near}'?" if near else "")
            instead = [_INSTEAD[word] for word in words if word in _INSTEAD]
            if instead and "launcher" in known:  # of a tool that trains or tests
                message = f"{start}{colon}{unknown}; write {', '.join(instead)}"
        super().error(message)


class RenamedOption(argparse.Action):
    """Stores the value of a renamed option, with a note if the former name was used."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the values."""
        present = self.option_strings[0]
        if option_string != present:
            note = f"{option_string} is now {present}; the former name works for one more release"
            print(f"{parser.prog}: {note}", file=sys.stderr)
        setattr(namespace, self.dest, values)


class Overrides(DictAction):
    """Overrides of a config; refuses an override without a key or a value."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        """Store the values by key."""
        for value in values:
            key, equals, _ = value.partition("=")
            if not key or not equals:
                raise argparse.ArgumentError(self, f"{value!r} is no KEY=VALUE")
        super().__call__(parser, namespace, values, option_string)


def count(text: str) -> int:
    """The ``type`` of arguments that are whole numbers above 0.

    Raises:
        argparse.ArgumentTypeError: If it is not a whole number above 0.
    """
    return _whole_number(text, 1, "above 0")


def whole(text: str) -> int:
    """The ``type`` of arguments that are whole numbers from 0 on.

    Raises:
        argparse.ArgumentTypeError: If it is not a whole number from 0 on.
    """
    return _whole_number(text, 0, "from 0 on")


def _whole_number(text: str, least: int, meant: str) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"must be a whole number {meant}, got {text!r}")
    return int(text)


def amount(text: str) -> float:
    """The ``type`` of arguments that are numbers from 0 on, such as seconds.

    Raises:
        argparse.ArgumentTypeError: If it is not a finite number from 0 on.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number from 0 on, got {text!r}")
    return value


def add_override_argument(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``, which overrides entries of a config."""
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=Overrides,
        metavar="KEY=VALUE",
        help="override entries of the config, e.g. model.method.loss_weight=1.0; write a list as "
        'KEY="[a,b]", without spaces',
    )


def add_launcher_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that launchers of several processes pass."""
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="what starts the processes; 'pytorch' for torchrun",
    )
    # torch.distributed.launch passes it; torchrun sets the variable instead.
    parser.add_argument(
        "--local_rank",
        "--local-rank",
        type=int,
        default=0,
        help="number of this process on its machine, from 0; launchers set it",
    )


def add_launch(cfg: Config, args: argparse.Namespace) -> None:
    """Set a config's launcher and ``work_dir`` by the command line.

    Args:
        cfg: The config, changed in place.
        args: With ``config``, ``work_dir``, and those of :func:`add_launcher_arguments`.

    Raises:
        ValueError: If the config's ``work_dir`` is no path.
    """
    os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    cfg.launcher = args.launcher
    if args.work_dir is not None:
        cfg.work_dir = os.path.expanduser(args.work_dir)
    elif cfg.get("work_dir") is None:
        cfg.work_dir = default_work_dir(args.config)
    elif not isinstance(cfg.work_dir, (str, os.PathLike)):
        raise ValueError(f"work_dir must be one string, got {cfg.work_dir!r}")
    else:
        cfg.work_dir = os.path.expanduser(cfg.work_dir)
    if not cfg.work_dir:
        raise ValueError("work_dir is ''; name a folder, '.' for the current one")


def default_work_dir(config: str | os.PathLike) -> str:
    """The ``work_dir`` of a config that sets none.

    Returns:
        ``work_dirs/<folder>/<config>``, since several methods have configs of the same name. The
        folder is the path below ``configs``, or else the name of the file's folder.
    """
    path = Path(config).resolve()
    folders = path.parts[:-1]
    if "configs" in folders:
        below = folders[len(folders) - folders[::-1].index("configs") :]
    else:
        below = folders[-1:]
    return str(Path("work_dirs", *below, path.stem))
