#!/usr/bin/env python3
"""Puts a planted submission together: the stub's files with the planted manifest over them.

    assemble_planted.py NAME DIRECTORY
"""
import argparse
import shutil
import sys
from pathlib import Path

SUBMISSIONS = Path(__file__).resolve().parent.parent / "submissions"


def main() -> int:
    planted = SUBMISSIONS / "planted"
    names = sorted(path.name for path in planted.iterdir() if path.is_dir())
    parser = argparse.ArgumentParser(description="Put a planted submission together.")
    parser.add_argument("name", choices=names)
    parser.add_argument("directory", type=Path, help="made here; must not exist")
    options = parser.parse_args()
    if options.directory.exists():
        print(f"{options.directory} exists already: name a directory that does not.", file=sys.stderr)
        return 2
    shutil.copytree(SUBMISSIONS / "stub", options.directory, ignore=shutil.ignore_patterns("__pycache__", "*.md"))
    shutil.copytree(planted / options.name, options.directory, dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
