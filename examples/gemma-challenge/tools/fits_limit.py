#!/usr/bin/env python3
"""Does the baseline leave room below the limit? Reads the summary.json of its run.

    fits_limit.py summary.json

Prints the minutes to write into collab.yaml as jobs.baseline_minutes. Exit status 1 when the run took more than 60 % of
the limit of its profile: starts vary, and the first change that anybody tries is rarely faster.
"""
import argparse
import json
import math
import sys
from pathlib import Path

sys.dont_write_bytecode = True
MAX_SHARE = 0.6


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare a run's time with its limit.")
    parser.add_argument("summary", type=Path)
    options = parser.parse_args()
    try:
        summary = json.loads(options.summary.read_text("utf-8"))
        taken = sum(summary["diagnostics"]["stage_seconds"].values())
        limit = summary["provenance"]["profile"]["run_s"]
        setup = summary["diagnostics"]["setup_seconds"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"{options.summary} is not the summary of a run: {error!r}", file=sys.stderr)
        return 2
    if summary["status"] != "completed":
        print(f"The run did not complete: {summary['failure']['message']}", file=sys.stderr)
        return 2
    share = taken / limit
    report = {
        "baseline_minutes": math.ceil(taken / 6) / 10,
        "limit_minutes": limit / 60,
        "share_of_limit": round(share, 3),
        "setup_share": round(setup / taken, 3),
        "fits": share <= MAX_SHARE,
    }
    print(json.dumps(report, indent=2))
    return 0 if share <= MAX_SHARE else 1


if __name__ == "__main__":
    sys.exit(main())
