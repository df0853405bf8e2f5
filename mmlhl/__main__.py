"""`python -m mmlhl COMMAND`, which is the same as `mmlhl COMMAND`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
