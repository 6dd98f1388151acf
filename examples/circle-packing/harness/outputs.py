"""Files in the state directory: complete or absent, and a manifest of them with sizes and hashes written last."""
from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

#: For a status page, rewritten as a run goes on: no part of what is vouched for.
VOLATILE = "progress.json"


class Outputs:
    def __init__(self, directory: Path):
        self.directory = directory
        self._files: list[dict] = []
        directory.mkdir(parents=True, exist_ok=True)
        for name in ("outputs.json", "summary.json"):
            (directory / name).unlink(missing_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Writes beside the target and renames: a reader sees all of it or nothing."""
        temporary = self.directory / f".{name}.partial"
        temporary.write_bytes(data)
        os.replace(temporary, self.directory / name)
        if name != VOLATILE:
            self._files.append({"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})

    def write_json(self, name: str, value: dict) -> bytes:
        """Returns the bytes that were written."""
        data = (json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()
        self.write(name, data)
        return data

    def finish(self, status: str) -> None:
        """Reads everything back before vouching for it; raises OSError when something got lost."""
        for entry in self._files:
            data = (self.directory / entry["path"]).read_bytes()
            if hashlib.sha256(data).hexdigest() != entry["sha256"]:
                raise OSError(f"{entry['path']} read back from {self.directory} is not what was written")
        self.write_json("outputs.json", {"schema_version": 1, "status": status, "files": list(self._files)})
