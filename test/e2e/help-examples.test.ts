/** The example in the help of every command, run as it stands, in the order of a collab's life. */
import { spawn } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { loadCollabDir } from "../../wizard/collab-dir.ts";
import { COMMANDS } from "../../wizard/commands/index.ts";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { Participant } from "../evaluation/participant.ts";
import { runCli } from "../support/cli.ts";
import { WorkFolder } from "../support/work-folder.ts";

const CLI = resolve(import.meta.dirname, "../../wizard/cli.ts");
/** As the example of `create` names it. */
const ORG = "my-org";
const LIFE = [
  ...["create", "check", "dev", "deploy", "status", "doctor", "logs", "open", "invite", "broadcast", "judge"],
  ...["hide", "pause", "resume", "rotate-token", "eject", "export", "close", "destroy", "capabilities"],
];
/** Starts a hub on the port that everybody uses; test/local-hub/hub-command.test.ts runs it. */
const ELSEWHERE = ["hub"];

async function exampleOf(command: string): Promise<string> {
  const { stdout } = await runCli([command, "--help"]);
  const example = /^Example:\n((?: {2}.*\n?)+)/m.exec(stdout)?.[1];
  if (!example) throw new Error(`The help of ${command} has no example.`);
  return example;
}

test("knows every command", () => {
  expect([...LIFE, ...ELSEWHERE].sort()).toEqual(COMMANDS.map(({ name }) => name).sort());
});

test("each example does what it says", async () => {
  await using work = await WorkFolder.create();
  await using hub = await startLocalHub({ seed: { org: ORG, adminOrg: `${ORG}-admin` } });
  const tokenOf = (user: string) => hub.context.accounts.tokenOf(user);
  const shim = join(work.path, "bin/agent-collab");
  await mkdir(dirname(shim));
  await writeFile(shim, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
  await chmod(shim, 0o755);
  const env = {
    PATH: `${dirname(shim)}${delimiter}${process.env.PATH}`,
    HOME: work.path,
    HF_ENDPOINT: hub.url,
    HF_TOKEN: tokenOf("organizer"),
    NEW_TOKEN: tokenOf("organizer"),
  };
  const bash = (script: string) =>
    new Promise<{ code: number | null; output: string }>((done, failed) => {
      const child = spawn("bash", ["-euo", "pipefail", "-c", script], {
        ...{ cwd: work.path, env },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (output += text));
      child.on("error", failed);
      child.on("close", (code) => done({ code, output }));
    });

  let result = "";
  for (const command of LIFE) {
    const example = (await exampleOf(command)).replaceAll(/\bFILE\b/g, result);
    const { code, output } = await bash(example);
    expect(code, `${example}\n${output}`).toBe(0);
    if (command !== "invite") continue;
    // Somebody comes, and has a result that can be judged.
    const api = (await bash("agent-collab open my-collab --print --quiet")).output.trim().split("\n").at(-1);
    const { collab } = (await loadCollabDir(join(work.path, "my-collab"))).collab;
    const place = { hubUrl: hub.url, api: api ?? "", org: ORG, slug: collab.slug };
    const ada = await new Participant(place, "ada-1", tokenOf("ada")).join();
    const fields = "score: 1\nmethod: m\nstatus: agent-run\ndescription: d";
    result = await ada.publish(fields, "Measured.");
  }
}, 400_000);
