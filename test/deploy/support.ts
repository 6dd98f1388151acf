/** Collab directories and hubs for tests of the deployment. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadCollabDir } from "../../wizard/collab-dir.ts";
import type { DeployOptions } from "../../wizard/deploy/deploy.ts";
import type { LocalHub } from "../../wizard/local-hub/server.ts";

const PARTS = ["goal", "rules", "measure", "validity"];

/** A backend that does nothing but say its version: starts in a moment. */
export const SMALL_BACKEND = {
  "spaces/backend/README.md": "---\ntitle: small\nsdk: docker\napp_port: 7860\n---\n",
  "spaces/backend/Dockerfile":
    'FROM node:24-slim\nUSER node\nWORKDIR /home/node/app\nCOPY . .\nCMD ["node", "server.js"]\n',
  "spaces/backend/server.js": [
    'const { createServer } = require("node:http");',
    'const { version } = JSON.parse(require("node:fs").readFileSync("deployment.json", "utf8"));',
    "const started = Date.now();",
    "createServer((request, response) => {",
    '  response.setHeader("content-type", "application/json");',
    '  response.end(JSON.stringify({ status: "ok", version, started, token: Boolean(process.env.HF_TOKEN) }));',
    "}).listen(process.env.PORT ?? 7860);",
    'process.on("SIGTERM", () => process.exit(0));',
    "",
  ].join("\n"),
};

/** The same as an eval Space, with all that goes with it: Jobs, a harness, an evaluator, private data. */
export const EVERYTHING = {
  ...SMALL_BACKEND,
  ...Object.fromEntries(
    Object.entries(SMALL_BACKEND).map(([path, text]) => [path.replace("backend", "eval"), text]),
  ),
  "harness/run.py": "print(1)\n",
  "harness/lib/__init__.py": "",
  "evaluator/evaluate.py": "def evaluate(filename, frontmatter, body):\n    return None\n",
  "eval_dataset/questions.jsonl": '{"q": "what nobody has seen"}\n',
};

/** A collab.yaml with everything that a deployment knows of: with an eval Space, or with private data for Jobs. */
export const everythingYaml = (slug: string, mode: "eval-space" | "jobs" = "eval-space") =>
  `collab: {slug: ${slug}, title: All of it, org: demo}\njobs: {enabled: true}\nverification: {mode: ${mode}}\n`;

export class CollabFolder {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** `files` are added to a minimal collab with the slug `tiny` of the organisation `demo`. */
  static async create(files: Record<string, string> = {}): Promise<CollabFolder> {
    const folder = new CollabFolder(await mkdtemp(join(tmpdir(), "collab-deploy-")));
    await folder.write({
      "collab.yaml": "collab:\n  slug: tiny\n  title: A tiny collab\n  org: demo\n",
      ...Object.fromEntries(PARTS.map((part) => [`task/${part}.md`, `The ${part} of it.\n`])),
      ...files,
    });
    return folder;
  }

  async write(files: Record<string, string>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(this.dir, path)), { recursive: true });
      await writeFile(join(this.dir, path), text);
    }
  }

  /** What `prepareDeployment` needs to deploy this folder as the organiser. */
  async options(hub: LocalHub, more: Partial<DeployOptions> = {}): Promise<DeployOptions> {
    return {
      loaded: await loadCollabDir(this.dir),
      target: { endpoint: hub.url, token: "hf_local_organizer", tokenSource: "a test" },
      ...more,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

/** A request to the hub's own routes (`/_emulator/…`); throws unless it succeeds. */
export async function emulator(hub: LocalHub, method: string, path: string, body?: unknown) {
  const response = await fetch(`${hub.url}/_emulator${path}`, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** A user with a role in both organisations of the seed. Their token is `hf_local_<name>`. */
export function addUser(hub: LocalHub, name: string, role = "admin") {
  return emulator(hub, "POST", "/users", { name, orgs: { demo: role, "demo-admin": role } });
}
