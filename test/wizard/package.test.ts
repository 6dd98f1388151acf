/** The package as it is published: packed, unpacked somewhere else, and run without a network. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WorkFolder } from "../support/work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Loaded into every process under test: whoever opens a connection fails. */
const NO_NETWORK = `
const net = require("node:net");
net.Socket.prototype.connect = () => { throw new Error("the network was used"); };
require("node:dns").lookup = () => { throw new Error("a name was looked up"); };
`;

let work: WorkFolder;
let tarball: string;
let unpacked: string;

beforeAll(async () => {
  work = await WorkFolder.create();
  const packed = spawnSync("npm", ["pack", "--pack-destination", work.path, "--loglevel=error"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(packed.status, packed.stderr).toBe(0);
  tarball = (await readdir(work.path)).find((name) => name.endsWith(".tgz")) as string;
  spawnSync("tar", ["xzf", tarball], { cwd: work.path });
  unpacked = join(work.path, "package");
  // Its dependencies, as an installation would put them beside it.
  await symlink(join(ROOT, "node_modules"), join(unpacked, "node_modules"));
  await writeFile(join(work.path, "no-network.cjs"), NO_NETWORK);
  await mkdir(join(work.path, "home"));
}, 120_000);
afterAll(() => work[Symbol.asyncDispose]());

const run = (bin: string, args: string[]) =>
  spawnSync(
    process.execPath,
    ["--require", join(work.path, "no-network.cjs"), join(unpacked, "bin", bin), ...args],
    {
      cwd: work.path,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: join(work.path, "home"), NO_COLOR: "1" },
    },
  );

describe("the package", () => {
  test("is smaller than 3 MB and holds what it needs, and nothing else", async () => {
    expect((await stat(join(work.path, tarball))).size).toBeLessThan(3 * 1024 * 1024);
    const top = (await readdir(unpacked)).filter((name) => name !== "node_modules").sort();
    expect(top).toEqual([
      "LICENSE",
      "README.md",
      "SETUP.md",
      "bin",
      "dist",
      "docs",
      "examples",
      "package.json",
      "skills",
      "template",
    ]);
    const all = await readdir(unpacked, { recursive: true });
    expect(
      all.filter(
        (name) => !name.startsWith("node_modules") && /__pycache__|\.agent-collab|\.test\.|\.env$/.test(name),
      ),
    ).toEqual([]);
  });

  test("makes a collab offline, dotfiles included, that check accepts", async () => {
    const made = run("create-agent-collab.js", [
      "packed",
      "--yes",
      "--hardware=t4-small",
      "--verification=eval-space",
    ]);
    expect(made.stderr).toBe("");
    expect(made.status).toBe(0);
    expect((await readdir(join(work.path, "packed"))).sort()).toEqual([
      ".env.example",
      ".gitignore",
      "AGENTS.md",
      "CLAUDE.md",
      "README.md",
      "SETUP.md",
      "collab.yaml",
      "evaluator",
      "harness",
      "package.json",
      "task",
    ]);
    expect(run("agent-collab.js", ["check", "packed"])).toMatchObject({ status: 0 });
  });

  test("gives byte for byte what a clone gives", async () => {
    await mkdir(join(work.path, "clone"));
    const args = ["create", "packed", "--yes", "--hardware=t4-small", "--verification=eval-space"];
    spawnSync(process.execPath, [join(ROOT, "wizard/cli.ts"), ...args], { cwd: join(work.path, "clone") });
    expect(await work.tree("packed")).toEqual(await work.tree("clone/packed"));
  });

  test.each(["gemma-challenge", "circle-packing"])("makes one from the example %s, offline", (example) => {
    expect(run("create-agent-collab.js", [`from-${example}`, "--example", example])).toMatchObject({
      status: 0,
      stderr: "",
    });
    expect(run("agent-collab.js", ["check", `from-${example}`])).toMatchObject({ status: 0 });
  });

  test("runs a whole collab: the local hub, the backend, the deployment", async () => {
    const args = [
      join(unpacked, "bin/agent-collab.js"),
      "dev",
      "packed",
      "--json",
      "--port=0",
      "--ephemeral",
      "--no-rehearsal",
    ];
    const env = { PATH: process.env.PATH, HOME: join(work.path, "home") };
    const child = spawn(process.execPath, args, { cwd: work.path, env, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    const closed = once(child, "close");
    const [line] = await Promise.race([once(child.stdout, "data"), closed.then(() => ["{}"])]);
    const ready = JSON.parse(String(line));
    expect(ready, stderr).toMatchObject({ ok: true });
    expect((await fetch(`${ready.backend.url}/v1`)).status).toBe(200);
    child.kill("SIGINT");
    expect((await closed)[0]).toBe(0);
  });

  test("leaves nothing in the home folder", async () => {
    expect(await readdir(join(work.path, "home"))).toEqual([]);
  });

  test("has the version of its package.json", async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
    expect(run("agent-collab.js", ["--version"]).stdout).toBe(`${version}\n`);
  });
});
