/**
 * SETUP.md walked through by its own commands, in order: from an empty folder to an agent that takes part. A local hub
 * is Hugging Face; what only a human can do (organisations, token) is there from the start, and what they decide is in
 * a file.
 */
import { spawnSync } from "node:child_process";
import { chmod, cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { Participant } from "../evaluation/participant.ts";
import { WorkFolder } from "../support/work-folder.ts";
import { gateAnswers, type Ran, type Step, stepsOf, walk } from "./runbook/walk.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const ORG = "faster-sorting";
const steps = stepsOf(await readFile(join(ROOT, "SETUP.md"), "utf8"));

/** What a machine looks like on which somebody begins. */
interface Start {
  /** The runbook's steps, as this start takes them. */
  steps: readonly Step[];
  slug: string;
  /** The folder in which its commands run. */
  prepare: (folder: string) => Promise<string>;
  translate?: (text: string) => string;
}

const STARTS: [name: string, start: Start][] = [
  ["npm create, in an empty folder", { steps, slug: ORG, prepare: npxOfThePackage }],
  [
    "npm create from the Gemma example",
    {
      steps: steps.map((step) =>
        step.kind === "commands" && step.alternative
          ? { kind: "commands", text: `${step.alternative.replace("ORG", ORG)}\n` }
          : step,
      ),
      slug: "gemma",
      prepare: npxOfThePackage,
    },
  ],
  [
    "a clone of this repository",
    {
      steps,
      slug: ORG,
      prepare: cloneOfThisRepository,
      translate: (text) =>
        text
          .replaceAll("npx agent-collab", "npm run -s cli --")
          .replaceAll("npx create-agent-collab", "npm run -s cli -- create"),
    },
  ],
];

test.each(STARTS)(
  "%s: every command of SETUP.md, to an agent that takes part",
  async (_, start) => {
    await using work = await WorkFolder.create();
    await using hub = await startLocalHub({ seed: { org: ORG, adminOrg: `${ORG}-admin` } });
    const cwd = await start.prepare(work.path);
    const env = {
      PATH: `${join(work.path, "bin")}${delimiter}${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      HOME: work.path,
      HF_ENDPOINT: hub.url,
      HF_TOKEN: hub.context.accounts.tokenOf("organizer"),
      NO_COLOR: "1",
    };
    const walked = await walk({
      ...{ steps: start.steps, gates: await gateAnswers(), cwd, env },
      translate: start.translate ?? ((text) => text),
      // Before the deployment its own parts are missing, as the runbook says.
      mayFail: (text, before) =>
        text.includes("doctor") && !before.some((ran) => ran.text.includes("--smoke")),
    });
    const outputOf = (part: string) => walked.find((ran) => ran.text.includes(part))?.output ?? "";

    expect(failures(walked.find(({ text }) => text.includes("doctor")))).toEqual([
      "central_bucket",
      "audit_bucket",
      "backend",
    ]);
    expect(outputOf("--dry-run")).toContain(`${ORG}/${start.slug}-main-bucket`);
    expect(outputOf("--yes --smoke")).toMatch(/joined, posted and was read back; its bucket is deleted/);
    expect(outputOf("invite")).toContain(`hf://buckets/${ORG}/${start.slug}-main-bucket/README.md`);

    // Gate 5: somebody sends the text to an agent of theirs, who joins and posts.
    const status = JSON.parse(walked.at(-1)?.output ?? "{}");
    const place = { hubUrl: hub.url, api: status.backend.url, org: ORG, slug: start.slug };
    const ada = await new Participant(place, "ada-1", hub.context.accounts.tokenOf("ada")).join();
    await ada.say("I am in.");
    const look = async () => {
      const [ran] = await walk({
        ...{ steps: [lastCommands(start.steps)], gates: {}, cwd, env, mayFail: () => false },
        translate: start.translate ?? ((text) => text),
      });
      return JSON.parse(ran?.output ?? "{}");
    };
    // With the smoke test's. On a busy machine an answer may miss the few seconds that `status` waits.
    await expect.poll(look, { timeout: 60_000 }).toMatchObject({
      healthy: true,
      board: { agents: 2, messages: 2 },
    });
  },
  400_000,
);

test("a gate that nobody has answered stops the walk", async () => {
  const gates = await gateAnswers();
  const named = steps.flatMap((step) => (step.kind === "gate" ? [step.name] : []));
  expect(named).toEqual(Object.keys(gates));
  const { "Gate 1": _, ...fewer } = gates;
  const options = { steps, gates: fewer, cwd: ROOT, env: {}, translate: String, mayFail: () => false };
  await expect(walk(options)).rejects.toThrow(/Gate 1 has no answer/);
});

test("every command that SETUP.md names in a table or a sentence has a help", async () => {
  const setup = await readFile(join(ROOT, "SETUP.md"), "utf8");
  const named = new Set([...setup.matchAll(/npx agent-collab ([a-z-]+)/g)].map(([, name]) => name as string));
  for (const name of named) {
    const { status } = spawnSync(process.execPath, [join(ROOT, "wizard/cli.ts"), name, "--help"]);
    expect(status, name).toBe(0);
  }
});

function failures(ran: Ran | undefined): (string | undefined)[] {
  const lines = (ran?.output ?? "").split("\n").filter((line) => line.startsWith("fail"));
  return lines.map((line) => line.split(/\s+/)[1]);
}

function lastCommands(all: readonly Step[]): Step {
  const last = all.findLast((step) => step.kind === "commands");
  if (!last) throw new Error("SETUP.md has no commands");
  return last;
}

/** `npx` as it is once the package is published. */
async function npxOfThePackage(folder: string): Promise<string> {
  const npx = join(folder, "bin/npx");
  await mkdir(dirname(npx));
  await writeFile(npx, `#!/bin/sh\nbin=$1; shift\nexec '${process.execPath}' '${ROOT}/bin/'"$bin.js" "$@"\n`);
  await chmod(npx, 0o755);
  return folder;
}

/** The tracked files, with what `npm ci` would install beside them. */
async function cloneOfThisRepository(folder: string): Promise<string> {
  const clone = join(folder, "clone");
  const listed = spawnSync("git", ["ls-files", "-z", "-co", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const paths = listed.stdout
    .split("\0")
    .filter((path) => /^(bin|docs|examples|template|wizard|skills|[^/]+$)/.test(path));
  for (const path of paths)
    await cp(join(ROOT, path), join(clone, path), { recursive: true }).catch(ignoreMissing);
  await symlink(join(ROOT, "node_modules"), join(clone, "node_modules"));
  return clone;
}

/** A file that is deleted and not committed yet is still listed. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== "ENOENT") throw error;
}
