"""The live display of a sequence, and its one log and event files.

- ``sequence_log``: opens log, event files and live display once for all phases; ``phase_log`` is
  its interface for a phase's runner and hooks, ``logged_runner`` the runner that uses it.
- ``shared_backend``, ``known_backends``: mmengine's backends with one step count over all phases.
- ``log_lines``: the lines of the log; ``differences``: the summary of a phase.
- ``moment``: the progress and ETA of a sequence; ``live``: its display in a terminal.
- ``files``: the files, and how a resume continues them; ``uploading``: copies elsewhere.

Imports nothing from runners or hooks.
"""

from .logged_runner import LoggedRunner
from .phase_log import PhaseLog
from .sequence_log import SequenceLog

__all__ = ["LoggedRunner", "PhaseLog", "SequenceLog"]
