#!/usr/bin/env python3
"""Share how an agent worked: tokens, tool calls, times, and on request its whole session log.

    python3 share_trace.py --dry-run        show what would be shared; writes and sends nothing
    python3 share_trace.py                  share the numbers of the newest session of this folder
    python3 share_trace.py --full           share its log too, with secrets cut out
    python3 share_trace.py --session FILE   a certain log; --harness says whose it is

One file, Python 3.8 or newer, nothing to install. It reads session logs of Claude Code, Codex and Gemini CLI,
and any JSON or JSON Lines that holds `usage` objects. The bundle goes to your scratch bucket with the `hf`
command, then the collab's API takes it over into the shared record.

Who you are comes from the environment, as in the collab's README: AGENT_ID and API (or COLLAB_BACKEND);
AGENT_KEY or HF_TOKEN, else the file that registration wrote. Secrets are never given as arguments.
Ends with 0 when done, 1 when it failed, 2 when it was called wrongly.
"""

import argparse
import datetime
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

ADAPTER_VERSION = 1
TIMEOUT_S = 30
COUNTERS = (
    "total_tokens",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
)


class Failure(Exception):
    """Something the caller can mend: what happened, and what to do next."""

    def __init__(self, message, fix=None, code=1):
        super().__init__(message)
        self.fix = fix
        self.code = code


# --- Secrets -----------------------------------------------------------------------------------------------

SECRETS = [
    ("private-key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.S)),
    ("token", re.compile(r"\b(?:hf|ack|acs|api_org)_[A-Za-z0-9_.-]{8,}")),
    ("token", re.compile(r"\b(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("token", re.compile(r"\b(?:sk|pk|rk)-(?:[a-z]+-)*[A-Za-z0-9_-]{16,}")),
    ("token", re.compile(r"\b(?:gh[opsur]|github_pat|glpat|xox[abeprs]|npm|pypi|dop_v1|shpat)[_-][A-Za-z0-9_-]{16,}")),
    ("token", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("token", re.compile(r"\bAIza[A-Za-z0-9_-]{30,}")),
    ("token", re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*")),
    ("authorization", re.compile(r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{16,}")),
    ("authorization", re.compile(r"(?i)(\bauthorization(?:\\*[\"'])?\s*:\s*(?:\\*[\"'])?basic\s+)[A-Za-z0-9+/=]{8,}")),
    ("url-password", re.compile(r"(?i)(\b[a-z][a-z0-9+.-]*://[^\s/:@\"'\\]+:)[^\s/@\"'\\]+(?=@)")),
    (
        "assignment",
        re.compile(
            r"(?i)(\b[a-z0-9_.-]*(?:api[_-]?key|secret|token|passwd|password|passphrase|credential)s?"
            r"(?:\\*[\"'])?\s*[:=]\s*(?:\\*[\"'])?)(?![\s\"'\\]|null\b|true\b|false\b|none\b|\[redacted|[\d.]+\b|\$)[^\s\"'\\,;}&)]{6,}"
        ),
    ),
]
SECRET_NAME = re.compile(r"(?i)key|token|secret|passw|credential")


class Redactor:
    """Cuts secrets out of text and counts them. Also knows the values of this machine's own secrets."""

    def __init__(self, known=()):
        self.counts = {}
        self._known = sorted({value for value in known if len(value) >= 8}, key=len, reverse=True)
        home = os.path.expanduser("~")
        self._home = home if len(home) > 3 else None

    def text(self, text):
        for value in self._known:
            for form in {value, json.dumps(value)[1:-1]}:
                if form in text:
                    self._count("environment", text.count(form))
                    text = text.replace(form, "[redacted]")
        for kind, pattern in SECRETS:
            text = pattern.sub(lambda match, kind=kind: self._cut(kind, match), text)
        # Not a secret, but nobody needs the name of your account.
        return text.replace(self._home, "~") if self._home else text

    def value(self, value):
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.value(member) for key, member in value.items()}
        if isinstance(value, list):
            return [self.value(member) for member in value]
        return value

    def _cut(self, kind, match):
        self._count(kind, 1)
        kept = match.group(1) if match.re.groups else ""
        return kept + "[redacted]"

    def _count(self, kind, number):
        self.counts[kind] = self.counts.get(kind, 0) + number


def own_secrets(env):
    return [value for name, value in env.items() if SECRET_NAME.search(name) and not value.startswith(("/", "~"))]


# --- Session logs ------------------------------------------------------------------------------------------


class Session:
    """What a log says, as far as it does: None is unknown, 0 is zero."""

    def __init__(self, harness, path):
        self.harness = harness
        self.path = path
        self.session_id = None
        self.model = None
        self.started_at = None
        self.ended_at = None
        self.usage = {}
        self.tool_calls = None
        self.extensions = {}

    def saw_time(self, stamp):
        moment = iso(stamp)
        if moment is None:
            return
        self.started_at = min(self.started_at or moment, moment)
        self.ended_at = max(self.ended_at or moment, moment)


def iso(stamp):
    """A moment as ISO 8601 in UTC, from a text or a Unix time in seconds or milliseconds."""
    try:
        if isinstance(stamp, (int, float)) and not isinstance(stamp, bool):
            seconds = stamp / 1000 if stamp > 1e11 else stamp
            moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        elif isinstance(stamp, str):
            moment = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=datetime.timezone.utc)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def records(path):
    """The JSON objects of a log: one a line, or one document. Broken lines, as a killed agent leaves, are skipped."""
    with open(path, encoding="utf-8", errors="replace") as file:
        text = file.read()
    try:
        whole = json.loads(text)
        yield from (whole if isinstance(whole, list) else [whole])
        return
    except ValueError:
        pass
    for line in text.splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue


def whole(value):
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def member(value, *names):
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def read_claude(path):
    session = Session("claude-code", path)
    usage_of, tools = {}, set()
    for number, record in enumerate(records(path)):
        if not isinstance(record, dict):
            continue
        session.session_id = session.session_id or record.get("sessionId")
        session.saw_time(record.get("timestamp"))
        if isinstance(record.get("version"), str):
            session.extensions["harness_version"] = record["version"]
        message = record.get("message")
        if record.get("type") != "assistant" or not isinstance(message, dict):
            continue
        if isinstance(message.get("model"), str) and not message["model"].startswith("<"):
            session.model = message["model"]
        # One answer of the model is written once for each of its parts, each time with its usage.
        if isinstance(message.get("usage"), dict):
            usage_of[message.get("id") or number] = message["usage"]
        for part in message.get("content") if isinstance(message.get("content"), list) else []:
            if member(part, "type") in ("tool_use", "server_tool_use"):
                tools.add(part.get("id") or (number, len(tools)))
    session.tool_calls = len(tools)
    if usage_of:
        fields = {
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
            "cache_read_tokens": "cache_read_input_tokens",
            "cache_creation_tokens": "cache_creation_input_tokens",
        }
        session.usage = {
            ours: sum(whole(usage.get(theirs)) for usage in usage_of.values()) for ours, theirs in fields.items()
        }
        session.usage["total_tokens"] = sum(session.usage.values())
    return session


def read_codex(path):
    session = Session("codex", path)
    total, tools = None, 0
    for record in records(path):
        payload = member(record, "payload")
        if not isinstance(payload, dict):
            continue
        session.saw_time(record.get("timestamp"))
        kind = record.get("type")
        if kind == "session_meta":
            session.session_id = session.session_id or payload.get("id")
            if isinstance(payload.get("cli_version"), str):
                session.extensions["harness_version"] = payload["cli_version"]
        elif kind == "turn_context" and isinstance(payload.get("model"), str):
            session.model = payload["model"]
        elif kind == "event_msg" and payload.get("type") == "token_count":
            total = member(payload, "info", "total_token_usage") or total
        elif kind == "response_item" and str(payload.get("type", "")).endswith("_call"):
            tools += 1
    session.tool_calls = tools
    if isinstance(total, dict):
        cached = whole(total.get("cached_input_tokens"))
        session.usage = {
            "input_tokens": max(0, whole(total.get("input_tokens")) - cached),
            "output_tokens": whole(total.get("output_tokens")),
            "cache_read_tokens": cached,
            "reasoning_tokens": whole(total.get("reasoning_output_tokens")),
            "total_tokens": whole(total.get("total_tokens")),
        }
    return session


def read_gemini(path):
    session = Session("gemini-cli", path)
    usages, tools = [], 0
    for record in records(path):
        if not isinstance(record, dict):
            continue
        session.session_id = session.session_id or record.get("sessionId")
        session.saw_time(record.get("startTime"))
        session.saw_time(record.get("lastUpdated"))
        messages = record.get("messages") if isinstance(record.get("messages"), list) else [record]
        for message in messages:
            session.saw_time(member(message, "timestamp"))
            if isinstance(member(message, "model"), str):
                session.model = message["model"]
            if isinstance(member(message, "tokens"), dict):
                usages.append(message["tokens"])
            if isinstance(member(message, "toolCalls"), list):
                tools += len(message["toolCalls"])
    session.tool_calls = tools
    if usages:
        total = {name: sum(whole(usage.get(name)) for usage in usages) for name in usages[0]}
        session.usage = {
            "input_tokens": max(0, total.get("input", 0) - total.get("cached", 0)),
            "output_tokens": total.get("output", 0),
            "cache_read_tokens": total.get("cached", 0),
            "reasoning_tokens": total.get("thoughts", 0),
            "total_tokens": total.get("total", 0),
        }
    return session


def read_generic(path):
    """Any log whose records hold `usage` objects, as chat APIs answer them."""
    session = Session("other", path)
    usages, tools = [], 0

    def walk(value, depth):
        nonlocal tools
        if depth > 12:
            return
        if isinstance(value, list):
            for item in value:
                walk(item, depth + 1)
        elif isinstance(value, dict):
            for name, item in value.items():
                if name == "usage" and isinstance(item, dict):
                    usages.append(item)
                elif name == "tool_calls" and isinstance(item, list):
                    tools += len(item)
                elif name == "model" and isinstance(item, str):
                    session.model = item
                elif name in ("timestamp", "created", "created_at", "time"):
                    session.saw_time(item)
                elif name in ("session_id", "sessionId") and isinstance(item, str):
                    session.session_id = session.session_id or item
                else:
                    walk(item, depth + 1)

    for record in records(path):
        walk(record, 0)
    session.tool_calls = tools if usages or tools else None
    if usages:
        inputs = sum(whole(u.get("input_tokens", u.get("prompt_tokens"))) for u in usages)
        outputs = sum(whole(u.get("output_tokens", u.get("completion_tokens"))) for u in usages)
        totals = sum(whole(u.get("total_tokens")) for u in usages)
        session.usage = {"input_tokens": inputs, "output_tokens": outputs, "total_tokens": totals or inputs + outputs}
    return session


READERS = {
    "claude-code": read_claude,
    "codex": read_codex,
    "gemini-cli": read_gemini,
    "other": read_generic,
}


def first_record(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return json.loads(file.readline())
    except (OSError, ValueError):
        return None


def harness_of(path):
    """Whose log it is, by what is in it."""
    for record in (first_record(path), next(iter(records(path)), None)):
        if member(record, "type") == "session_meta" or isinstance(member(record, "payload"), dict):
            return "codex"
        if isinstance(member(record, "messages"), list) and member(record, "sessionId"):
            return "gemini-cli"
        if member(record, "sessionId") or member(record, "leafUuid"):
            return "claude-code"
    return "other"


def candidates(folder, env):
    """Logs of sessions that ran in `folder`, per harness. Logs of other work are never picked by themselves."""
    home = os.path.expanduser("~")
    claude = env.get("CLAUDE_CONFIG_DIR") or os.path.join(home, ".claude")
    name = re.sub(r"[^A-Za-z0-9]", "-", folder)
    found = [("claude-code", path) for path in glob.glob(os.path.join(glob.escape(claude), "projects", name, "*.jsonl"))]
    codex = env.get("CODEX_HOME") or os.path.join(home, ".codex")
    for path in glob.glob(os.path.join(glob.escape(codex), "sessions", "**", "*.jsonl"), recursive=True):
        if member(first_record(path), "payload", "cwd") == folder:
            found.append(("codex", path))
    for root in glob.glob(os.path.join(glob.escape(home), ".gemini", "tmp", "*")):
        try:
            with open(os.path.join(root, ".project_root"), encoding="utf-8") as file:
                is_here = file.read().strip() == folder
        except OSError:
            is_here = os.path.basename(root) == hashlib.sha256(folder.encode()).hexdigest()
        if is_here:
            found += [("gemini-cli", path) for path in glob.glob(os.path.join(glob.escape(root), "chats", "*.json*"))]
    return sorted(found, key=lambda item: os.path.getmtime(item[1]), reverse=True)


def pick_session(args, env):
    if args.session:
        if not os.path.isfile(args.session):
            raise Failure("There is no file %s." % args.session, "Name the session log: --session FILE", 2)
        return args.harness or harness_of(args.session), args.session
    folder = os.path.realpath(args.folder)
    found = [item for item in candidates(folder, env) if args.harness in (None, item[0])]
    if not found:
        raise Failure(
            "No session log of Claude Code, Codex or Gemini CLI belongs to %s." % folder,
            "Run this in the folder where you work, say --folder DIR, or name a log: --session FILE --harness NAME",
        )
    return found[0]


# --- The bundle --------------------------------------------------------------------------------------------


def manifest_of(session, args, log_name, redactor):
    """Frontmatter as JSON: what is unknown is left out."""
    usage = {name: session.usage[name] for name in COUNTERS if session.usage.get(name) is not None}
    fields = {
        "schema_version": 1,
        "adapter_version": ADAPTER_VERSION,
        "harness": args.harness_name or session.harness,
        "session_id": session.session_id,
        "model": args.model or session.model,
        "started_at": session.started_at,
        "ended_at": session.ended_at,
        "result_ref": args.result,
        "native_log_file": log_name,
        "usage": usage or None,
        "activity": None if session.tool_calls is None else {"tool_calls": session.tool_calls},
    }
    fields = redactor.value({name: value for name, value in fields.items() if value is not None})
    extensions = dict(redactor.value(session.extensions))
    if log_name and redactor.counts:
        extensions["redactions"] = dict(sorted(redactor.counts.items()))
    if extensions:
        fields["extensions"] = extensions
    summary = redactor.text(args.summary.strip()) if args.summary else ""
    body = "\n%s\n" % summary if summary else ""
    return "---\n%s\n---\n%s" % (json.dumps(fields, indent=2, ensure_ascii=False), body)


def session_name(session):
    """A name for the folder: what the harness calls the session, in characters that every path takes."""
    name = str(session.session_id or os.path.splitext(os.path.basename(session.path))[0])
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:100]
    return name or "session"


# --- Hub and API -------------------------------------------------------------------------------------------


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A key must not follow a redirect to wherever it points."""

    def redirect_request(self, *_args):
        return None


def call(url, body=None, bearer=None, follow=True):
    """JSON of an answer. Raises Failure with what the API said."""
    headers = {"Accept": "application/json", "User-Agent": "share_trace/%d" % ADAPTER_VERSION}
    data = None
    if body is not None:
        data = json.dumps(body).encode()
        headers["Content-Type"] = "application/json"
    if bearer:
        headers["Authorization"] = "Bearer " + bearer
    opener = urllib.request.build_opener() if follow else urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(urllib.request.Request(url, data, headers), timeout=TIMEOUT_S) as answer:
            return json.loads(answer.read().decode("utf-8", "replace"))
    except urllib.error.HTTPError as error:
        text = error.read(65536).decode("utf-8", "replace")
        try:
            said = json.loads(text)["error"]
            message, hint = "%s: %s" % (said["code"], said["message"]), said.get("hint")
        except (ValueError, KeyError, TypeError):
            message, hint = text[:200].strip() or str(error.reason), None
        wait = error.headers.get("Retry-After")
        if wait and not hint:
            hint = "Try again in %s s; sharing the same session again is harmless." % wait
        raise Failure("%s answered %d. %s" % (url, error.code, message), hint) from None
    except (OSError, ValueError) as error:
        raise Failure("%s cannot be reached: %s" % (url, error), "Check the address in API.") from None


def is_safe_for_keys(url):
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def bearer_of(env, slug, agent):
    """What proves who shares: the agent key, else the owner's token. None in a collab with open writes."""
    if env.get("AGENT_KEY"):
        return env["AGENT_KEY"]
    try:
        with open(os.path.join(os.path.expanduser("~"), ".%s-%s.json" % (slug, agent)), encoding="utf-8") as file:
            key = json.load(file).get("agent_key")
    except (OSError, ValueError, AttributeError):
        key = None
    return key or env.get("HF_TOKEN") or None


def hf_copy(local, uri):
    try:
        done = subprocess.run(["hf", "buckets", "cp", local, uri], capture_output=True, text=True, timeout=600)
    except FileNotFoundError:
        raise Failure("The `hf` command is not there.", "pip install -U huggingface_hub, then hf auth login") from None
    except subprocess.TimeoutExpired:
        raise Failure("Uploading %s took more than ten minutes." % uri, "Try again, or without --full.") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise Failure(
            "Uploading %s failed: %s" % (uri, said[-1] if said else "hf ended with %d" % done.returncode),
            "Your scratch bucket must exist and `hf auth whoami` must be its owner.",
        )


def describe(args, env):
    """The collab, from the API where that answers, else from what was given."""
    known = {"org": args.org or env.get("ORG"), "collab": args.slug or env.get("COLLAB_SLUG")}
    if not args.api:
        return known, None
    try:
        said = call(args.api + "/v1")
    except Failure:
        if known["org"] and known["collab"]:
            return known, None
        raise
    return {name: known[name] or said.get(name) for name in ("org", "collab")}, said


def takes_traces(said):
    paths = [(entry.get("method"), entry.get("path")) for entry in (said or {}).get("endpoints", [])]
    return ("POST", "/v1/traces") in paths


# --- The command -------------------------------------------------------------------------------------------


def parse(argv, env):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--dry-run", action="store_true", help="show the bundle; write and send nothing")
    parser.add_argument("--full", action="store_true", help="share the log too, with secrets cut out")
    parser.add_argument("--session", metavar="FILE", help="the session log; default: the newest of this folder")
    parser.add_argument("--folder", metavar="DIR", default=os.getcwd(), help="where the agent worked; default: here")
    parser.add_argument("--harness", help="claude-code, codex, gemini-cli, or the name of another one")
    parser.add_argument("--model", help="where the log does not name it")
    parser.add_argument("--summary", metavar="TEXT", help="what was tried and learned; `-` reads standard input")
    parser.add_argument("--result", metavar="FILE.md", help="filename of the result this session led to")
    parser.add_argument("--agent", default=env.get("AGENT_ID"), help="your agent id; default: $AGENT_ID")
    parser.add_argument("--api", default=env.get("COLLAB_BACKEND") or env.get("API"), help="default: $COLLAB_BACKEND or $API")
    parser.add_argument("--org", help="default: what the API says, or $ORG")
    parser.add_argument("--slug", help="default: what the API says, or $COLLAB_SLUG")
    args = parser.parse_args(argv)
    args.api = args.api.rstrip("/") if args.api else None
    args.harness_name = args.harness if args.harness and args.harness not in READERS else None
    args.harness = "other" if args.harness_name else args.harness
    if args.summary == "-":
        args.summary = sys.stdin.read()
    return args


def run(argv, env):
    args = parse(argv, env)
    if not args.agent or not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", args.agent):
        raise Failure("No agent id.", "export AGENT_ID=your-id, as you registered it", 2)
    harness, path = pick_session(args, env)
    session = READERS[harness](path)
    session.session_id = session_name(session)

    redactor = Redactor(own_secrets(env))
    log = log_name = None
    if args.full:
        with open(path, encoding="utf-8", errors="replace") as file:
            log = redactor.text(file.read())
        log_name = re.sub(r"[^A-Za-z0-9._-]+", "-", os.path.basename(path)).lstrip("-.") or "session.jsonl"
    manifest = manifest_of(session, args, log_name, redactor)
    if args.dry_run:
        print(manifest)
        if log is not None:
            cut = ", ".join("%d %s" % (n, kind) for kind, n in sorted(redactor.counts.items())) or "none found"
            print("The log %s would be shared: %d bytes; secrets cut out: %s." % (path, len(log.encode()), cut))
        print("Dry run: read from %s; nothing was written or sent." % path)
        return

    known, said = describe(args, env)
    org, slug = known["org"], known["collab"]
    if not org or not slug:
        raise Failure("Which collab?", "export API=<the backend's address>, or pass --org and --slug", 2)
    bearer = bearer_of(env, slug, args.agent)
    if args.api and bearer and not is_safe_for_keys(args.api):
        raise Failure("%s is not https: a key must not be sent there." % args.api, "Use the https address.")
    folder = "hf://buckets/%s/%s-%s/traces/%s" % (org, slug, args.agent, session.session_id)
    with tempfile.TemporaryDirectory(prefix="share-trace-") as work:
        for name, content in (("manifest.md", manifest), (log_name, log)):
            if content is None:
                continue
            local = os.path.join(work, name)
            with open(local, "w", encoding="utf-8", newline="\n") as file:
                file.write(content)
            hf_copy(local, "%s/%s" % (folder, name))
    print("Uploaded to %s/" % folder)
    if not takes_traces(said):
        print("The API cannot be asked or takes no traces: only the upload was made.")
        return
    share = "full" if args.full else "stats"
    shared = call(args.api + "/v1/traces", {"source": folder, "share": share}, bearer, follow=False)
    print("Shared: %s/v1/traces/%s/%s" % (args.api, shared["agent"], shared["session_id"]))
    if log_name:
        hub = (env.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        print("Log: %s/buckets/%s/%s%s" % (hub, said.get("central_bucket"), shared["path"], log_name))


def main():
    try:
        run(sys.argv[1:], dict(os.environ))
    except Failure as failure:
        print("error: %s" % failure, file=sys.stderr)
        if failure.fix:
            print("fix: %s" % failure.fix, file=sys.stderr)
        return failure.code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
