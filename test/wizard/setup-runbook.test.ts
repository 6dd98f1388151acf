/**
 * SETUP.md walked through by its own commands, in order: from an empty folder to a collab that takes writes. A local hub
 * is Hugging Face; what only a human can do (organisations, token) is there from the start.
 */
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { WorkFolder } from "../support/work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");

let work: WorkFolder;
let hub: LocalHub;
let blocks: string[];

beforeAll(async () => {
  work = await WorkFolder.create();
  hub = await startLocalHub({ seed: { org: "faster-sorting", adminOrg: "faster-sorting-admin" } });
  const setup = await readFile(join(ROOT, "SETUP.md"), "utf8");
  blocks = [...setup.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);
  // The published package, as `npx` would run it.
  const bin = join(work.path, "bin");
  await mkdir(bin);
  await writeFile(
    join(bin, "npx"),
    `#!/bin/sh\nbin=$1; shift\nexec '${process.execPath}' '${ROOT}/bin/'"$bin.js" "$@"\n`,
  );
  await chmod(join(bin, "npx"), 0o755);
});
afterAll(async () => {
  await hub?.close();
  await work?.[Symbol.asyncDispose]();
});

function bash(script: string): Promise<{ code: number | null; output: string }> {
  const env = {
    PATH: `${join(work.path, "bin")}${delimiter}${process.env.PATH}`,
    HOME: work.path,
    HF_ENDPOINT: hub.url,
    HF_TOKEN: hub.context.accounts.tokenOf("organizer"),
    NO_COLOR: "1",
  };
  return new Promise((done, failed) => {
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
      cwd: work.path,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    child.on("error", failed);
    child.on("close", (code) => done({ code, output }));
  });
}

describe("SETUP.md", () => {
  const step = async (part: string): Promise<string> => {
    const block = blocks.find((text) => text.includes(part));
    const { code, output } = await bash(block ?? `echo no block with ${part}; false`);
    expect(code, output).toBe(0);
    return output;
  };

  test("1 and 2: answers become a directory that check accepts", async () => {
    await step("answers.yaml <<");
    expect(await step("--config answers.yaml")).toMatch(/are good/);
  });

  test("3: a rehearsal runs in the background and ends", async () => {
    expect(await step("dev my-collab --background")).toContain('"ok":true');
  });

  test("4: doctor names nothing that fails but what the deployment will make", async () => {
    const block = blocks.find((text) => text.includes("doctor"));
    const { output } = await bash(block as string);
    const fails = output.split("\n").filter((line) => line.startsWith("fail"));
    expect(fails.map((line) => line.split(/\s+/)[1])).toEqual(["central_bucket", "audit_bucket", "backend"]);
  });

  test("5: the plan changes nothing; deploy makes it, with an agent that joins, posts and reads", async () => {
    expect(await step("deploy my-collab --dry-run")).toMatch(/faster-sorting\/faster-sorting-main-bucket/);
    expect(await step("deploy my-collab --yes --smoke")).toMatch(/smoke/i);
  });

  test("6: invite prints the texts", async () => {
    expect(await step("invite my-collab")).toContain(
      "hf://buckets/faster-sorting/faster-sorting-main-bucket/README.md",
    );
  });

  test("has no block that this walk leaves out", () => {
    const walked = ["answers.yaml", "dev my-collab", "doctor", "deploy my-collab", "invite my-collab"];
    expect(blocks.filter((block) => !walked.some((part) => block.includes(part)))).toEqual([]);
  });
});
