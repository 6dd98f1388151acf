/**
 * A stranger joins: the agents' README from the central bucket, its commands word for word, the real
 * `hf` CLI and curl, nothing else.
 */
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isListening, RunningCollab } from "../support/dev.ts";
import { Participant } from "../support/hf-cli.ts";

const STUB = resolve(import.meta.dirname, "../../examples/gemma-challenge/submissions/stub");

/** The shell commands of a Markdown file, in order. */
function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```/gm)].map((match) => match[1] as string);
}

/** A run takes its time, and its answer names it: what a reader of the README does between two of its commands. */
const WAIT_FOR_THE_RUN = `RUN_ID="$(sed -n 's/.*"run_id": *"\\([^"]*\\)".*/\\1/p' answer.json)"
until curl -sS --fail-with-body "$API/v1/runs/$RUN_ID" | grep -q '"status": *"completed"'; do sleep 1; done
`;

/** The page's commands as one script; the run is one that counts, and is waited for. */
function asScript(blocks: readonly string[]): string {
  const script = ["set -e", "export AGENT_ID=ada-one", ...blocks].join("\n");
  const launch = /^curl [^\n]*\/v1\/jobs:run[^\n]*\\\n[^\n]*\}'/m;
  expect(script).toMatch(launch);
  return script.replace(launch, (command) => {
    return `${command.replace('"lane":"smoke"', '"lane":"full"')} > answer.json\n${WAIT_FOR_THE_RUN}`;
  });
}

describe("a collab started with npm start", () => {
  let collab: RunningCollab;
  let ada: Participant;

  beforeAll(async () => {
    collab = await RunningCollab.start({ args: ["--ephemeral", "--no-rehearsal"] });
    ada = await Participant.create(collab.ready.hub.url, collab.ready.tokens.ada);
  }, 120_000);

  afterAll(async () => {
    await ada?.[Symbol.asyncDispose]();
    await collab?.[Symbol.asyncDispose]();
  });

  const api = async (path: string) => {
    const response = await fetch(`${collab.ready.backend.url}${path}`);
    // biome-ignore lint/suspicious/noExplicitAny: answers of many routes, checked field by field below
    return { status: response.status, body: (await response.json()) as any };
  };

  test("lets an agent join by the README's own commands, word for word", async () => {
    const readme = await ada.hfOk([
      "buckets",
      "cp",
      `hf://buckets/${collab.ready.central_bucket}/README.md`,
      "-",
    ]);
    expect(readme.split("\n").length).toBeLessThanOrEqual(150);
    const blocks = shellBlocks(readme);
    expect(blocks.length).toBeGreaterThanOrEqual(6);

    const shell = await ada.bash(`cp -r ${STUB} my-submission\n${asScript(blocks)}`);
    expect(shell, shell.stderr).toMatchObject({ code: 0 });

    const agents = await api("/v1/agents");
    expect(agents.body.items).toEqual(["ada-one.md"]);
    const messages = await api("/v1/messages?agent=ada-one&expand=true");
    expect(messages.body.items.length).toBeGreaterThanOrEqual(1);
    expect(messages.body.items[0].frontmatter).toMatchObject({ agent: "ada-one" });
    const board = await api("/v1/leaderboard");
    expect(board.body.rows).toHaveLength(1);
    expect(board.body.rows[0]).toMatchObject({
      rank: 1,
      agent: "ada-one",
      hf_user: "ada",
      verification: expect.stringMatching(/^(pending|queued|running|valid|invalid)$/),
    });

    const files = await ada.hfOk(["buckets", "list", "-R", collab.ready.central_bucket]);
    for (const path of ["agents/ada-one.md", `results/${board.body.rows[0].filename}`, "message_board/"]) {
      expect(files).toContain(path);
    }
    const result = await ada.hfOk([
      "buckets",
      "cp",
      `hf://buckets/${collab.ready.central_bucket}/results/${board.body.rows[0].filename}`,
      "-",
    ]);
    expect(result).toMatch(/^---\n[\s\S]*agent: ada-one\n[\s\S]*via: run\n[\s\S]*---\n/);
  });

  test("refuses a participant's writes to the central bucket and to another's bucket", async () => {
    const org = collab.ready.central_bucket.split("/")[0] as string;
    await using bob = await Participant.create(collab.ready.hub.url, collab.ready.tokens.bob);
    await bob.hfOk(["buckets", "create", `${org}/gemma-bobs-own`]);
    await bob.hfOk(["buckets", "cp", "-", `hf://buckets/${org}/gemma-bobs-own/mine.txt`], "mine");

    for (const target of [`${collab.ready.central_bucket}/forged.md`, `${org}/gemma-bobs-own/forged.md`]) {
      const refused = await ada.hf(["buckets", "cp", "-", `hf://buckets/${target}`], "forged");
      expect(refused.code, target).not.toBe(0);
      expect(refused.stdout + refused.stderr, target).toMatch(/403|Forbidden|permission/i);
    }
    expect(await bob.hfOk(["buckets", "list", "-R", `${org}/gemma-bobs-own`])).not.toContain("forged");
    expect(await bob.hfOk(["buckets", "list", "-R", collab.ready.central_bucket])).not.toContain("forged");
  });

  test("prints one JSON document, and Ctrl-C frees every port and ends every process", async () => {
    expect(JSON.parse(collab.stdout())).toEqual(collab.ready);
    await collab.interrupt();
    for (const url of [collab.ready.hub.url, collab.ready.backend.url])
      expect(await isListening(url), url).toBe(false);
    expect(() => process.kill(collab.ready.pid, 0)).toThrow(/ESRCH/);
  });
});
