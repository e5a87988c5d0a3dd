"""`python -m ae` is `ae`."""

import os
import sys


def main() -> None:
    """Run the command; Ctrl-C while Python still reads it is no fault either."""
    try:
        from ae.cli.main import main as command
    except KeyboardInterrupt:
        os.write(2, b"\nae: interrupted\n")
        sys.exit(130)
    command()


if __name__ == "__main__":
    main()
