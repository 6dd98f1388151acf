#!/usr/bin/env python3
"""Entry point of a benchmark or verification Job: `run.py --submission-dir DIR --state-dir DIR …`.

What each stage does, the files it writes and the exit codes are in README.md beside this file.
"""
import os
import sys

# -B for everything below: the harness directory is usually a read-only mount.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from gemma_harness.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
