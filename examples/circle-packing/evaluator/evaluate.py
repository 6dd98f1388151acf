#!/usr/bin/env python3
"""The organiser's evaluator: one result as JSON on standard input, one verdict as JSON on standard output.

    {"filename": …, "frontmatter": {…}, "body": …, "submission_dir": … or absent}
    {"verdict": "valid" | "invalid" | "undecided", "reason_code": …, "details": {…}}

The packing is circles.json of the submission, or else the first fenced block of the body that holds circles.
A claim may be lower than the exact sum, never higher: the tolerance is 0.
"""
from __future__ import annotations

import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from packing import (  # noqa: E402
    MAX_FILE_BYTES,
    PackingError,
    approximate,
    check_packing,
    exact_number,
    read_circles,
    score_text,
)

FIELD = "sum_radii"
MAX_INPUT_BYTES = 4 * 1024 * 1024
_BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def main() -> int:
    print(json.dumps(answer(sys.stdin.buffer.read(MAX_INPUT_BYTES + 1))))
    return 0


def answer(data: bytes) -> dict:
    try:
        if len(data) > MAX_INPUT_BYTES:
            raise ValueError(f"more than {MAX_INPUT_BYTES} bytes")
        # The claim is compared as it was written, so numbers stay text.
        request = json.loads(data, parse_float=str, parse_int=str, parse_constant=str)
        frontmatter, body = request["frontmatter"], request.get("body") or ""
        folder = request.get("submission_dir")
        if not isinstance(frontmatter, dict) or not isinstance(body, str) or not isinstance(folder, (str, type(None))):
            raise ValueError("frontmatter, body or submission_dir has the wrong type")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return verdict("undecided", "bad_request", {"message": str(error)[:200]})
    try:
        packing = find_packing(folder, body)
    except OSError as error:
        return verdict("undecided", "submission_unreadable", {"message": str(error)})
    if packing is None:
        message = "No circles.json in the submission, and no fenced block with circles in the body."
        return verdict("undecided", "needs_submission", {"message": message})
    return judge(frontmatter.get(FIELD), packing)


def judge(claim: object, packing: bytes) -> dict:
    try:
        total = check_packing(read_circles(packing))
    except PackingError as error:
        return verdict("invalid", error.code, {"message": str(error)})
    details = {"claimed": claim, "exact": score_text(total)}
    try:
        claimed = exact_number(claim)
    except PackingError as error:
        return verdict("invalid", "bad_claim", {**details, "message": f"{FIELD}: {error}"})
    if claimed > total:
        message = f"The claim is {approximate(claimed - total)} above the exact sum."
        return verdict("invalid", "score_overclaimed", {**details, "tolerance": 0, "message": message})
    return verdict("valid", "ok", details)


def find_packing(folder: str | None, body: str) -> bytes | None:
    if folder is not None:
        path = Path(folder) / "circles.json"
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as stream:
                return stream.read(MAX_FILE_BYTES + 1)
    for block in _BLOCK.findall(body.replace("\r\n", "\n")):
        if '"circles"' in block:
            return block.encode("utf-8", "replace")
    return None


def verdict(word: str, reason_code: str, details: dict) -> dict:
    return {"verdict": word, "reason_code": reason_code, "details": details}


if __name__ == "__main__":
    sys.exit(main())
