"""Hash recipes that others must be able to repeat: texts, token lists, sets of files, whole captures."""
from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Iterable, Sequence

_BLOCK = 1024 * 1024


def text_sha256(text: str) -> str:
    """SHA-256 of the UTF-8 bytes."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def token_sha256(ids: Sequence[int]) -> str:
    """SHA-256 of the ids in decimal, joined by commas without spaces."""
    return text_sha256(",".join(map(str, ids)))


def file_sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def files_sha256(files: Iterable[tuple[str, str]]) -> str:
    """One hash for a set of files: SHA-256 over the lines `{sha256}  {path}\\n`, sorted by path."""
    lines = (f"{sha256}  {path}\n" for path, sha256 in sorted(files))
    return text_sha256("".join(lines))


def tree_sha256(root: Path, *, skip: Sequence[str] = ()) -> str:
    """`files_sha256` of everything under `root`, less bytecode and the folders named in `skip`."""
    files = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_file() and "__pycache__" not in relative.parts and relative.parts[0] not in skip:
            files.append((relative.as_posix(), file_sha256(path)))
    return files_sha256(files)


def capture_fingerprint(records: Iterable[tuple[str, str]]) -> str:
    """One hash for a capture, from its (record id, token hash) pairs in order of id: equal texts, equal print."""
    return text_sha256("".join(f"{key} {sha256}\n" for key, sha256 in sorted(records)))
