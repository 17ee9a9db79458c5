"""``python -m bachbot``: the command line."""

import sys

from bachbot.cli import main

if __name__ == "__main__":
    sys.exit(main())
