/** Spaces with the real Python library and `hf` CLI: what an organiser's scripts do. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { Participant } from "../support/hf-cli.ts";

const README = "---\ntitle: A Space\nsdk: docker\napp_port: 7860\n---\n\n# Hi\n";
const DOCKERFILE = 'FROM python:3.12\nWORKDIR /app\nCOPY . .\nCMD ["python3", "app.py"]\n';
const APP = `
import http.server, json, os

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        names = ["SPACE_ID", "GREETING", "TOKEN", "ADDED", "HF_ENDPOINT", "HF_TOKEN"]
        body = json.dumps({name: os.environ.get(name) for name in names}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

print("listening", flush=True)
http.server.HTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
`;

/** A dozen Python processes on a busy machine. */
const SLOW_MS = 240_000;

describe("huggingface_hub", { timeout: SLOW_MS }, () => {
  let hub: LocalHub;
  let organizer: Participant;

  const python = async (script: string): Promise<string> => {
    const prelude = `
import json, time
from huggingface_hub import HfApi
api = HfApi()
SPACE = "demo/board"
def wait(*stages):
    for _ in range(600):
        runtime = api.get_space_runtime(SPACE)
        if runtime.stage in stages: return runtime
        time.sleep(0.05)
    raise RuntimeError(f"still {runtime.stage}: {runtime.raw}")
`;
    const result = await organizer.python(prelude + script);
    if (result.code !== 0) throw new Error(result.stdout + result.stderr);
    return result.stdout;
  };

  beforeAll(async () => {
    hub = await startLocalHub();
    organizer = await Participant.create(hub.url, "hf_local_organizer");
    const folder = join(organizer.home, "space");
    await mkdir(folder);
    await writeFile(join(folder, "README.md"), README);
    await writeFile(join(folder, "Dockerfile"), DOCKERFILE);
    await writeFile(join(folder, "app.py"), APP);
  });
  afterAll(async () => {
    await organizer?.[Symbol.asyncDispose]();
    await hub?.close();
  });

  test("creates a Space with secrets and variables, uploads a folder, and the Space runs", async () => {
    const output = await python(`
url = api.create_repo(SPACE, repo_type="space", space_sdk="docker", exist_ok=True,
    space_secrets=[{"key": "TOKEN", "value": "hush"}], space_variables=[{"key": "GREETING", "value": "hello"}])
api.create_repo(SPACE, repo_type="space", space_sdk="docker", exist_ok=True)
commit = api.upload_folder(repo_id=SPACE, repo_type="space", folder_path="space", commit_message="first")
runtime = wait("RUNNING", "RUNTIME_ERROR", "BUILD_ERROR")
info = api.space_info(SPACE)
import urllib.request
print(json.dumps({"url": url, "oid": commit.oid, "sha": info.sha, "sdk": info.sdk, "stage": runtime.stage,
    "card": info.card_data.title, "files": sorted(s.rfilename for s in info.siblings),
    "answer": json.load(urllib.request.urlopen(info.host))}))
`);
    const seen = JSON.parse(output);
    expect(seen).toMatchObject({
      url: `${hub.url}/spaces/demo/board`,
      sha: seen.oid,
      sdk: "docker",
      stage: "RUNNING",
      card: "A Space",
      files: [".gitattributes", "Dockerfile", "README.md", "app.py"],
    });
    expect(seen.answer).toEqual({
      SPACE_ID: "demo/board",
      GREETING: "hello",
      TOKEN: "hush",
      ADDED: null,
      HF_ENDPOINT: hub.url,
      HF_TOKEN: null,
    });
  });

  test("sends no commit when nothing changed", async () => {
    const output = await python(`
before = api.space_info(SPACE).sha
api.upload_folder(repo_id=SPACE, repo_type="space", folder_path="space")
print(json.dumps([before, api.space_info(SPACE).sha, len(api.list_repo_commits(SPACE, repo_type="space"))]))
`);
    const [before, after, commits] = JSON.parse(output);
    expect(after).toBe(before);
    expect(commits).toBe(2);
  });

  test("lists, describes and downloads files", async () => {
    const output = await python(`
from huggingface_hub import hf_hub_download
tree = api.list_repo_tree(SPACE, repo_type="space", recursive=True, expand=True)
info = api.get_paths_info(SPACE, ["app.py", "missing"], repo_type="space", expand=True)
refs = api.list_repo_refs(SPACE, repo_type="space")
path = hf_hub_download(SPACE, "Dockerfile", repo_type="space")
print(json.dumps({"tree": {f.path: f.last_commit.title for f in tree}, "info": [[f.path, f.size] for f in info],
    "branches": [b.name for b in refs.branches], "dockerfile": open(path).read(),
    "exists": [api.file_exists(SPACE, p, repo_type="space") for p in ("app.py", "missing")]}))
`);
    expect(JSON.parse(output)).toEqual({
      tree: {
        ".gitattributes": "initial commit",
        "README.md": "first",
        Dockerfile: "first",
        "app.py": "first",
      },
      info: [["app.py", APP.length]],
      branches: ["main"],
      dockerfile: DOCKERFILE,
      exists: [true, false],
    });
  });

  test("sets, lists and deletes variables and secrets; the Space restarts with them", async () => {
    const output = await python(`
import urllib.request
answer = lambda: json.load(urllib.request.urlopen(api.space_info(SPACE).host))
api.add_space_variable(SPACE, "ADDED", "yes", description="why")
api.add_space_secret(SPACE, "TOKEN", "changed")
wait("RUNNING")
first = answer()
variables = {k: [v.value, v.description] for k, v in api.get_space_variables(SPACE).items()}
secrets = sorted(api.get_space_secrets(SPACE))
api.delete_space_variable(SPACE, "ADDED")
wait("RUNNING")
print(json.dumps({"first": first, "variables": variables, "secrets": secrets, "later": answer()["ADDED"]}))
`);
    expect(JSON.parse(output)).toMatchObject({
      first: { ADDED: "yes", TOKEN: "changed" },
      variables: { ADDED: ["yes", "why"], GREETING: ["hello", null] },
      secrets: ["TOKEN"],
      later: null,
    });
  });

  test("pauses, restarts, sets hardware and sleep time, and reads the logs", async () => {
    const output = await python(`
paused = api.pause_space(SPACE).stage
api.restart_space(SPACE)
wait("RUNNING")
sleep = api.set_space_sleep_time(SPACE, sleep_time=3600).sleep_time
api.request_space_hardware(SPACE, "t4-small", sleep_time=600)
runtime = wait("RUNNING")
logs = [str(line).rstrip() for line in api.fetch_space_logs(SPACE)]
print(json.dumps([paused, sleep, runtime.hardware, runtime.sleep_time, "listening" in logs]))
`);
    expect(JSON.parse(output)).toEqual(["PAUSED", 3600, "t4-small", 600, true]);
  });

  test("deletes files, moves and deletes the Space", async () => {
    const output = await python(`
from huggingface_hub.errors import RepositoryNotFoundError
api.upload_file(repo_id=SPACE, repo_type="space", path_in_repo="extra/a.txt", path_or_fileobj=b"a")
api.delete_folder("extra", SPACE, repo_type="space")
files = api.list_repo_files(SPACE, repo_type="space")
api.move_repo(SPACE, "demo/moved", repo_type="space")
moved = api.space_info("demo/moved").id
api.delete_repo("demo/moved", repo_type="space")
try:
    api.space_info("demo/moved")
except RepositoryNotFoundError as error:
    print(json.dumps([files, moved, error.response.status_code]))
`);
    expect(JSON.parse(output)).toEqual([
      [".gitattributes", "Dockerfile", "README.md", "app.py"],
      "demo/moved",
      404,
    ]);
  });

  test("works from the command line too", async () => {
    const site = "demo/from-cli";
    await organizer.hfOk(["repos", "create", site, "--type", "space", "--sdk", "static"]);
    await writeFile(join(organizer.home, "index.html"), "<!doctype html><p>static</p>");
    await organizer.hfOk(["upload", site, "index.html", "index.html", "--type", "space"]);
    await organizer.hfOk(["spaces", "wait", site]);
    const info = JSON.parse(await organizer.hfOk(["spaces", "info", site, "--format", "json"]));
    expect(await (await fetch(info.host)).text()).toContain("<p>static</p>");

    await organizer.hfOk(["spaces", "secrets", "add", site, "-s", "KEY=hush"]);
    expect(await organizer.hfOk(["spaces", "secrets", "ls", site])).toContain("KEY");
    await organizer.hfOk(["spaces", "variables", "add", site, "-e", "COLOR=blue"]);
    expect(await organizer.hfOk(["spaces", "variables", "ls", site])).toContain("blue");
    await organizer.hfOk(["spaces", "wait", site]);
    const page = await (await fetch(info.host)).text();
    expect(page).toContain('"COLOR":"blue"');
    expect(page).not.toContain("hush");

    expect(await organizer.hfOk(["spaces", "hardware"])).toContain("a100-large");
    const list = ["spaces", "list", "--author", "demo", "--format", "json"];
    expect(await organizer.hfOk(list)).toContain(site);
    await organizer.hfOk(["repos", "delete", site, "--type", "space", "--yes"]);
    expect(await organizer.hfOk(list)).not.toContain(site);
  });
});
