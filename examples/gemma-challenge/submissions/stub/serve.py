"""The stub's HTTP server: the endpoints of the contract over a toy model, with the standard library only."""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from answers import Answers, Refusal
from faults import Settings, read_settings

BEGAN = time.monotonic()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes: without this, Nagle's algorithm holds the second one back for 40 ms.
    disable_nagle_algorithm = True
    settings: Settings
    answers: Answers

    def do_GET(self) -> None:
        if self.path != "/v1/models":
            self.reply(404, {"error": {"message": f"no such path: {self.path}"}})
        elif self.settings.ready == "errors":
            self.reply(500, {"error": {"message": "AttributeError: module has no attribute 'Router'"}})
        elif self.settings.ready == "loading" or (self.settings.ready == "loading-first" and not self.loaded()):
            self.reply(503, {"error": {"message": "loading"}})
        else:
            self.reply(200, {"object": "list", "data": [{"id": self.settings.model, "object": "model"}]})

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        raw = self.rfile.read(length)
        routes = {"/v1/completions": self.answers.completion, "/v1/chat/completions": self.answers.chat}
        route = routes.get(self.path)
        if route is None:
            self.reply(404, {"error": {"message": f"no such path: {self.path}"}})
            return
        try:
            if self.settings.has("refuse"):
                raise Refusal(400, "return_token_ids is not supported")
            self.reply(200, route(json.loads(raw)))
        except Refusal as refusal:
            self.reply(refusal.status, {"error": {"message": str(refusal)}})
        except SystemExit as ending:
            print(ending, flush=True)
            os._exit(1)
        except (KeyError, TypeError, ValueError) as error:
            self.reply(400, {"error": {"message": f"bad request: {error!r}"}})

    def loaded(self) -> bool:
        return time.monotonic() - BEGAN >= self.settings.startup_s

    def reply(self, status: int, body: dict) -> None:
        data = json.dumps(body).encode()
        if self.settings.has("bad-json") and status == 200 and self.command == "POST":
            data = data[: len(data) // 2]
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


def snoop(targets: list[str]) -> None:
    """Tries what a server must not be able to do, and prints how it went: read a path, or reach `host:port`."""
    for target in targets:
        host, colon, port = target.rpartition(":")
        try:
            if colon:
                socket.create_connection((host, int(port)), timeout=2).close()
                print(f"snoop {target}: connected", flush=True)
            elif os.path.isdir(target):
                print(f"snoop {target}: {len(os.listdir(target))} entries", flush=True)
            else:
                with open(target, "rb") as stream:
                    print(f"snoop {target}: {len(stream.read())} bytes", flush=True)
        except OSError as error:
            print(f"snoop {target}: {type(error).__name__}", flush=True)
    names = [name for name in os.environ if "TOKEN" in name or "SECRET" in name]
    print(f"snoop uid {os.getuid()}, secrets {names}", flush=True)


def main() -> None:
    settings = read_settings()
    print(f"stub: {settings.tps:g} tokens/s, perplexity {settings.ppl:g}, faults {sorted(settings.faults)}", flush=True)
    if settings.snoop:
        snoop(settings.snoop)
    if settings.has("leave-orphan"):
        orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        print(f"orphan {orphan.pid}", flush=True)
    if settings.ready != "loading-first":
        time.sleep(settings.startup_s)
    if settings.exit_code is not None:
        print("ValueError: head size 512 is not supported by this attention backend", file=sys.stderr, flush=True)
        sys.exit(settings.exit_code)
    if settings.ready == "silent":
        time.sleep(3600)
    Handler.settings = settings
    Handler.answers = Answers(settings)
    server = ThreadingHTTPServer((settings.host, settings.port), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
