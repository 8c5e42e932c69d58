#!/usr/bin/env python
"""Django's command line for this project: `python manage.py <command>`."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036  (this is the sentence for those who have an older one)
    sys.exit("OurVidz needs Python 3.11 or newer. Install one, then: make run PYTHON=python3.11")


def main() -> None:
    """Run the command named in the arguments with this project's settings."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ourvidz.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
