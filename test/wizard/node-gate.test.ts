/** The plain-JavaScript gate of the binaries, with a Node that is too old (its version is what the gate reads). */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WorkFolder } from "../support/work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let work: WorkFolder;
/** Loaded before the binary: from here on this Node says that it is version 20. */
let old: string;
beforeAll(async () => {
  work = await WorkFolder.create();
  old = join(work.path, "old.cjs");
  await writeFile(old, "Object.defineProperty(process, 'version', { value: 'v20.9.0' });\n");
});
afterAll(() => work[Symbol.asyncDispose]());

describe("a package", () => {
  test.each(["agent-collab.js", "create-agent-collab.js"])(
    "%s says in one line what Node it needs",
    async (bin) => {
      const folder = join(work.path, `package-${bin}`);
      await cp(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
      await writeFile(join(folder, "package.json"), '{"type":"module"}');
      const run = spawnSync(process.execPath, ["--require", old, join(folder, "bin", bin)], {
        encoding: "utf8",
      });
      expect(run).toMatchObject({ status: 1, stdout: "" });
      expect(run.stderr).toMatch(
        /^agent-collab needs Node\.js 24\.11 or newer; this is v20\.9\.0\. .*nodejs\.org.*\n$/,
      );
    },
  );
});

describe("a clone with a Node of its own", () => {
  const start = async () => {
    const folder = join(work.path, "clone");
    await cp(join(ROOT, "bin"), join(folder, "bin"), { recursive: true });
    await writeFile(join(folder, "package.json"), '{"type":"module"}');
    await mkdir(join(folder, "dist"));
    await writeFile(
      join(folder, "dist/cli.js"),
      "process.on('SIGTERM', () => process.exit(7)); setInterval(() => {}, 1000); console.log(process.argv.slice(2).join(' '));",
    );
    await mkdir(join(folder, "node_modules/node/bin"), { recursive: true });
    await symlink(process.execPath, join(folder, "node_modules/node/bin/node"));
    return join(folder, "bin/create-agent-collab.js");
  };

  test("runs in it, passes arguments and signals on, and ends with its exit code", async () => {
    const child = spawn(process.execPath, ["--require", old, await start(), "my collab", "--yes"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(String(line)).toBe("create my collab --yes\n");
    child.kill("SIGTERM");
    expect((await once(child, "close"))[0]).toBe(7);
  });
});

test("the binary of this clone works in this Node", () => {
  const run = spawnSync(process.execPath, [join(ROOT, "bin/agent-collab.js"), "--version"], {
    encoding: "utf8",
  });
  expect(run).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
