/**
 * `npm create agent-collab`, and the same with pnpm and yarn, from a registry on this machine that knows our package as it
 * would be published and sends everything else on to the registry that npm is set to.
 */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WorkFolder } from "../support/work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NAME = "create-agent-collab";

let work: WorkFolder;
let registry: Server;
let url: string;

beforeAll(async () => {
  work = await WorkFolder.create();
  const packed = spawnSync("npm", ["pack", "--pack-destination", work.path, "--loglevel=error"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(packed.status, packed.stderr).toBe(0);
  const file = (await readdir(work.path)).find((name) => name.endsWith(".tgz")) as string;
  const tarball = await readFile(join(work.path, file));
  const manifest = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const upstream = spawnSync("npm", ["config", "get", "registry"], { encoding: "utf8" })
    .stdout.trim()
    .replace(/\/$/, "");
  registry = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "/");
    if (path === `/${NAME}`) {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(packument(manifest, tarball)));
    } else if (path === `/${NAME}/-/${file}`) response.end(tarball);
    else response.writeHead(302, { location: `${upstream}${request.url}` }).end();
  });
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  url = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`;
  function packument({ version, ...rest }: Record<string, unknown>, content: Buffer) {
    const dist = {
      tarball: `${url}/${NAME}/-/${file}`,
      integrity: `sha512-${createHash("sha512").update(content).digest("base64")}`,
      shasum: createHash("sha1").update(content).digest("hex"),
    };
    const { devDependencies: _, scripts: __, ...published } = rest;
    const time = { [version as string]: "2026-01-01T00:00:00.000Z" };
    return {
      name: NAME,
      "dist-tags": { latest: version },
      versions: { [version as string]: { ...published, version, dist } },
      time,
    };
  }
}, 120_000);
afterAll(async () => {
  registry?.close();
  await work?.[Symbol.asyncDispose]();
});

function run(
  folder: string,
  command: string,
  args: string[],
): Promise<{ code: number | null; output: string }> {
  const env: NodeJS.ProcessEnv = {
    // The machine's own settings (certificates, proxies), with our registry in front.
    ...process.env,
    // The Node that these tests run in, and the package managers beside it.
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    npm_config_registry: url,
    npm_config_cache: join(work.path, "cache"),
    YARN_NPM_REGISTRY_SERVER: url,
    YARN_UNSAFE_HTTP_WHITELIST: "127.0.0.1",
    COREPACK_ENABLE_STRICT: "0",
    HF_TOKEN: "",
    HF_HOME: join(work.path, "no-login"),
    NO_COLOR: "1",
  };
  for (const name of Object.keys(env))
    if (/^(npm_(?!config_(registry|cache|cafile))|VITEST)/.test(name)) delete env[name];
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      cwd: join(work.path, folder),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", failed);
    child.on("close", (code) => done({ code, output }));
  });
}

const NPX = ["exec", "--yes"];
const MANAGERS: { name: string; own: string[]; create: string[]; run: string[] }[] = [
  {
    name: "npm",
    own: [],
    create: ["create", "agent-collab@latest", "made", "--yes", "--", "--yes"],
    run: ["run", "-s"],
  },
  {
    name: "pnpm",
    own: [...NPX, "pnpm@10", "--"],
    create: ["create", "agent-collab", "made", "--yes"],
    run: ["-s", "run"],
  },
  {
    name: "yarn",
    own: [...NPX, "yarn@1", "--"],
    create: ["create", "agent-collab", "made", "--yes"],
    run: ["-s", "run"],
  },
];

describe.each(MANAGERS)("$name", ({ name, own, create, run: script }) => {
  const call = (folder: string, args: string[]) => run(folder, "npm", [...own, ...args]);
  /** npm takes the arguments of a script behind `--`. */
  const runScript = (words: string[]) =>
    call(`${name}/made`, [
      ...script,
      ...(name === "npm" ? [words[0] as string, "--", ...words.slice(1)] : words),
    ]);

  test("create makes a collab, and names the next steps in its own words", async () => {
    await mkdir(join(work.path, name));
    const made = await call(name, create);
    expect(made.code, made.output).toBe(0);
    const files = await readdir(join(work.path, name, "made"));
    expect(files).toEqual(expect.arrayContaining(["collab.yaml", ".gitignore", ".env.example"]));
    expect(made.output).toContain(`2. ${name} install`);
    expect(made.output).toContain(`3. ${name} run dev`);
  }, 120_000);

  test("what was made installs, is good, runs on this machine, and explains a deployment", async () => {
    const installed = await call(`${name}/made`, ["install"]);
    expect(installed.code, installed.output).toBe(0);
    const checked = await runScript(["check"]);
    expect(checked.code, checked.output).toBe(0);
    const started = await runScript(["dev", "--background", "--port", "0", "--no-rehearsal", "--json"]);
    try {
      expect(started.code, started.output).toBe(0);
      const [, url = ""] = /"backend":\{"url":"([^"]+)"/.exec(started.output) ?? [];
      expect((await fetch(`${url}/v1`)).status).toBe(200);
    } finally {
      const stopped = await runScript(["dev", "stop"]);
      expect(stopped.code, stopped.output).toBe(0);
    }
    const plan = await runScript(["deploy", "--dry-run"]);
    expect(plan.output).toMatch(/There is no token for https:\/\/huggingface\.co/);
    expect(plan.code).not.toBe(0);
  }, 240_000);
});
