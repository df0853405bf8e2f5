"""The shell commands in README and docs/, as a shell reads them."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path

#: What a page may call; in its place stands a script that notes its words.
PROGRAMS = ("python", "pip", "make", "mmlhl", "bash", "git", "ln")


def pages(root: Path) -> list[Path]:
    """The pages of a checkout, README first."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").glob("**/*.md"))]


def shell_blocks(root: Path) -> Iterator[tuple[Path, str]]:
    """Each page of a checkout with each of its shell blocks, scripts included."""
    for page in pages(root):
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"^ *```bash\n(.*?)^ *```", text, re.DOTALL | re.M):
            yield page, textwrap.dedent(block)


class Shell:
    """Reads the commands of a block by a shell that runs none of them.

    Args:
        folder: An empty folder for its scripts; patterns such as ``photos/*.jpg`` match nothing
            there and stay as they are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for program in PROGRAMS:
            note = f'printf "%s\\0" {program} "$@" "" >> "$NOTES"'
            (folder / program).write_text(f"#!/bin/sh\n{note}\n", encoding="utf-8")
            (folder / program).chmod(0o755)

    def commands(self, block: str) -> list[list[str]]:
        """The commands that a block runs, as words.

        Raises:
            ValueError: If the shell fails, for example on a program not in ``PROGRAMS``.
        """
        notes = self.folder / "notes"
        notes.write_text("", encoding="utf-8")
        environment = {"PATH": f"{self.folder}:/usr/bin:/bin", "NOTES": str(notes)}
        script = f"cd() {{ :; }}\nsource() {{ :; }}\n{block}"
        done = subprocess.run(
            [shutil.which("bash") or "bash", "-euc", script],
            env=environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise ValueError(f"a shell cannot run {block!r}: {done.stderr}")
        noted = notes.read_text(encoding="utf-8").split("\0\0")
        return [words.split("\0") for words in noted if words]


def shown_commands(root: Path, folder: Path) -> dict[str, list[str]]:
    """Every command of README and docs/, without whole scripts.

    Returns:
        By command, as one line, the pages that show it, in the order of the pages.
    """
    shell = Shell(folder)
    found: dict[str, list[str]] = {}
    for page, block in shell_blocks(root):
        if block.startswith("#!"):
            continue
        for words in shell.commands(block):
            places = found.setdefault(shlex.join(words), [])
            name = page.relative_to(root).as_posix()
            if name not in places:
                places.append(name)
    return found
