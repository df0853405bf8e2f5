"""torchrun, for ``_launch.sh``: it passes SIGUSR1 on, and ends with the exit code of its processes.

torchrun itself is killed by SIGUSR1, and its processes with it, before they can save; and it ends
with 1 and a traceback when they have stopped on request, with 75, or on Ctrl-C.
"""

import os
import signal
import sys
import tempfile

from torch.distributed import run

#: as in mmlhl.engine.stopping, which takes seconds to import
EXIT_CODE, NOTE = 75, "MMLHL_STOPPED_NOTE"
INTERRUPTED = 130


def main(arguments: list[str]) -> None:
    """Run torchrun.

    Args:
        arguments: Its command line.
    """
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
            raise


if __name__ == "__main__":
    main(sys.argv[1:])
