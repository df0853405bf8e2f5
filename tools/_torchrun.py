"""torchrun, for ``_launch.sh``: it passes SIGUSR1 on, and ends with the exit code of its processes.

torchrun itself is killed by SIGUSR1, and its processes with it, before they can save; and it ends
with 1 and a traceback when they have stopped on request, with 75, or on Ctrl-C. It kills processes
that have not ended 30 seconds after a request, although an evaluation may take longer, and ends
when its terminal is closed, although ``nohup`` started it.
"""

import os
import signal
import sys
import tempfile
from typing import Any

from torch.distributed import run
from torch.distributed.elastic.multiprocessing import api
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

#: as in mmlhl.engine.stopping, which takes seconds to import
EXIT_CODE, NOTE = 75, "MMLHL_STOPPED_NOTE"
INTERRUPTED = 130
#: seconds in which processes that were asked to stop may finish an evaluation and save
PATIENCE = 24 * 3600


def stay_deaf(number: int) -> None:
    """Keep ignoring a signal that is ignored, whatever handler torchrun sets for it.

    Args:
        number: The signal; ``nohup`` starts programs that ignore SIGHUP.
    """
    if signal.getsignal(number) is not signal.SIG_IGN:
        return
    before = signal.signal

    def keep(other: int, handler: Any) -> Any:
        return before(other, signal.SIG_IGN if other == number else handler)

    signal.signal = keep


def wait_when_asked(seconds: float = PATIENCE) -> None:
    """Let torchrun wait for processes that it was asked to stop, not for those of a failure.

    Args:
        seconds: The time until they are killed.
    """
    close = api.PContext.close

    def patient(self: api.PContext, death_sig: Any = None, timeout: int = 30) -> None:
        asked = isinstance(sys.exc_info()[1], api.SignalException)
        close(self, death_sig, int(seconds) if asked else timeout)

    api.PContext.close = patient


def main(arguments: list[str]) -> None:
    """Run torchrun."""
    if hasattr(signal, "SIGHUP"):
        stay_deaf(signal.SIGHUP)
    wait_when_asked()
    if hasattr(signal, "SIGUSR1"):
        # torchrun stops its processes by SIGTERM, which they take for the same request
        signal.signal(signal.SIGUSR1, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    with tempfile.TemporaryDirectory() as folder:
        os.environ[NOTE] = os.path.join(folder, "stopped")
        try:
            run.main(arguments)
        except BaseException as error:
            if os.path.isfile(os.environ[NOTE]):
                sys.exit(EXIT_CODE)
            if isinstance(error, KeyboardInterrupt) or getattr(error, "sigval", 0) == signal.SIGINT:
                sys.exit(INTERRUPTED)
            if isinstance(error, ChildFailedError):  # torchrun's traceback would hide the cause
                rank, first = error.get_first_failure()
                how = first.signal_name() if first.exitcode < 0 else f"exit code {first.exitcode}"
                sys.exit(f"process {rank} was the first to fail, with {how}: see its lines above")
            raise


if __name__ == "__main__":
    main(sys.argv[1:])
