#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.umask(0o077)  # What is written under var/ (keys, sessions, conversations) is its owner's alone.
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tokenproject.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
