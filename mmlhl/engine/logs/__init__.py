"""What a sequence shows while it runs, and the one log and event files that it writes.

- ``sequence_log``: opens log, event files and live display once for all phases; ``phase_log`` is
  what a phase's runner and hooks see of it, ``logged_runner`` the runner that uses it.
- ``shared_backend``, ``known_backends``: mmengine's backends, one step over all phases.
- ``log_lines``: the lines of the log; ``differences``: what a phase says of itself.
- ``eta``, ``moment``: how far a sequence is; ``live``: the same in a terminal.
- ``files``: which files, and how a resume goes on in them; ``uploading``: copies elsewhere.

Imports nothing from runners or hooks.
"""

from .logged_runner import LoggedRunner
from .phase_log import PhaseLog
from .sequence_log import SequenceLog

__all__ = ["LoggedRunner", "PhaseLog", "SequenceLog"]
