"""Makes a checkout ready to run, then runs a command with its Python: `prepare.py [--dev] [FILE.py|-m MODULE ...]`.

This file parses on Python 3.6, so that an old Python gets one clear line and not a syntax error. All else is imported
after that check.
"""

import os
import sys
from typing import Tuple

MINIMUM = (3, 11)


def complaint(version: Tuple[int, ...]) -> str:
    """One line about a Python that is too old; the empty string where it will do."""
    if version >= MINIMUM:
        return ""
    return (
        "prepare: Python {}.{} is too old, this project needs {}.{} or newer. "
        "Name another one: make run PYTHON=python3.12".format(*version[:2], *MINIMUM)
    )


if __name__ == "__main__":
    if complaint(sys.version_info[:2]):
        sys.exit(complaint(sys.version_info[:2]))
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    sys.path[0] = root
    from deploy.checkout import main

    main(sys.argv[1:], root=root)
