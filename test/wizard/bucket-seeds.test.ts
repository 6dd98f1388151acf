import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Collab, Scoring } from "../../template/schema/collab.ts";
import { type LoadedCollab, loadCollabDir } from "../../wizard/collab-dir.ts";
import { asSection, hasOpenFence } from "../../wizard/markdown.ts";
import { bucketSeeds } from "../../wizard/scaffold/bucket-seeds.ts";
import { WorkFolder } from "../support/work-folder.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");
const CONTEXT = {
  backendUrl: "https://fast-gemma-gemma-backend.hf.space",
  endpoint: "https://huggingface.co",
};

let work: WorkFolder;
let gemma: LoadedCollab;
beforeAll(async () => {
  work = await WorkFolder.create();
  gemma = await loadCollabDir(EXAMPLE);
});
afterAll(() => work[Symbol.asyncDispose]());

const readmeOf = async (loaded: LoadedCollab, context = CONTEXT) =>
  (await bucketSeeds(loaded, context)).find(({ path }) => path === "README.md")?.content as string;
const withJobs = (loaded: LoadedCollab, jobs: Partial<Collab["jobs"]>): LoadedCollab => ({
  ...loaded,
  collab: { ...loaded.collab, jobs: { ...loaded.collab.jobs, ...jobs } },
});
const blocksOf = (markdown: string) =>
  [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block as string);

test("the bucket gets its README, the configuration as it is, and an index that is never overwritten", async () => {
  const seeds = await bucketSeeds(gemma, CONTEXT);
  expect(seeds.map(({ path, seedOnlyIfAbsent }) => [path, seedOnlyIfAbsent ?? false])).toEqual([
    ["README.md", false],
    ["SKILL.md", false],
    ["clients/share_trace.py", false],
    ["collab.yaml", false],
    ["results/verification_status.json", true],
  ]);
  expect(seeds[3]?.content).toBe(await readFile(join(EXAMPLE, "collab.yaml"), "utf8"));
  expect(await bucketSeeds(gemma, CONTEXT)).toEqual(seeds);
});

describe("the agents' README", () => {
  test("is short, complete, and says what agents must know", async () => {
    const readme = await readmeOf(gemma);
    expect(readme.split("\n").length).toBeLessThanOrEqual(150);
    await expect(readme).toMatchFileSnapshot("snapshots/gemma-readme.txt");
    for (const fact of [
      "higher is better",
      "`ppl` (Perplexity) ≤ 2.42",
      "Track `lossless`",
      "/v1/digest",
      ".bucket-sync-handshake",
      "data, not instructions",
      "order=asc",
      "Keep it secret",
    ]) {
      expect(readme).toContain(fact);
    }
  });

  test("says how to measure where there are Jobs, and numbers its steps without a gap", async () => {
    const { collab } = gemma;
    const steps = (readme: string) =>
      [...readme.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number));
    const off = await readmeOf({ ...gemma, collab: { ...collab, jobs: { ...collab.jobs, enabled: false } } });
    expect(off).not.toContain("jobs:run");
    expect(steps(off)).toEqual([1, 2, 3, 4]);
    const jobs = { ...collab.jobs, enabled: true, manifest: { file: "manifest.json", schema: "s.json" } };
    const on = await readmeOf({ ...gemma, collab: { ...collab, jobs } });
    expect(on).toContain("/v1/jobs:run");
    expect(on).toContain('"lane":"smoke"');
    expect(on).toContain("once `manifest.json` has been checked");
    expect(steps(on)).toEqual([1, 2, 3, 4, 5]);
    expect(on.split("\n").length).toBeLessThanOrEqual(off.split("\n").length + 11);
    const full = await readmeOf({
      ...gemma,
      collab: { ...collab, jobs: { ...jobs, smoke: { ...jobs.smoke, enabled: false } } },
    });
    expect(full).toContain('"lane":"full"');
    expect(full).not.toContain("smoke");
  });

  test("exports HF_ENDPOINT only where the Hub is not huggingface.co", async () => {
    expect(await readmeOf(gemma)).not.toContain("HF_ENDPOINT");
    const local = await readmeOf(gemma, { ...CONTEXT, endpoint: "http://127.0.0.1:7878/" });
    expect(local).toContain("export HF_ENDPOINT=http://127.0.0.1:7878\n");
  });

  test("its commands are shell that bash reads, in order", async () => {
    const blocks = blocksOf(await readmeOf(withJobs(gemma, { enabled: false })));
    const steps = [
      "/v1/digest",
      "/v1/agents/register",
      "/v1/messages",
      "plan.md",
      "/v1/results",
      "/v1/inbox",
    ];
    expect(blocks.map((block, index) => block.includes(steps[index] as string))).toEqual(
      steps.map(() => true),
    );
    expect(spawnSync("bash", ["-n"], { input: blocks.join("\n"), encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test("its example result meets the collab's own rules", async () => {
    const result = blocksOf(await readmeOf(withJobs(gemma, { enabled: false }))).find((block) =>
      block.includes("result.md"),
    );
    expect(result).toMatch(
      /---\ntps: 1\nppl: 2\.42\nmethod: example\nstatus: agent-run\ndescription: .+\n---/,
    );
  });

  test("where the collab runs submissions, one call publishes a run", async () => {
    const readme = await readmeOf(withJobs(gemma, { enabled: true }));
    expect(readme.split("\n").length).toBeLessThanOrEqual(150);
    expect(readme).not.toContain("result.md");
    for (const fact of [
      "its score is their median",
      "stands beside the board, unranked",
      '"status":"negative"',
      '"run_id":"',
      '"announce":true',
    ]) {
      expect(readme).toContain(fact);
    }
    const shell = [...readme.matchAll(/^```(?:sh|bash)\n([\s\S]*?)^```$/gm)]
      .map(([, block]) => block)
      .join("\n");
    expect(shell).toContain("/v1/results");
    expect(spawnSync("bash", ["-n"], { input: shell, encoding: "utf8" })).toMatchObject({
      status: 0,
      stderr: "",
    });
  });

  test.each([
    [
      { statistic: "lower-bound", draws: 3, self_reported: "refused" },
      "the lower bound of their mean; with 3 of them",
    ],
    [{ required: ["tps", "status", "engine"] }, "you add `engine` in `fields`"],
    [{ self_reported: "ranked" }, "A score that no run has measured ranks too"],
    [{ self_reported: "refused" }, "is not taken; a dead end is"],
  ] as const)("the step on runs follows %j", async (scoring, text) => {
    const running = withJobs(gemma, { enabled: true });
    const collab = {
      ...running.collab,
      scoring: { ...(running.collab.scoring as Scoring), ...scoring } as Scoring,
    };
    expect(await readmeOf({ ...running, collab })).toContain(text);
  });

  test("a track names what it needs", async () => {
    expect(await readmeOf(gemma)).toMatch(/Track `lossless` .*; needs `identity`/);
  });

  test("an address that a shell would not take literally is refused", async () => {
    for (const backendUrl of [
      "https://x.example/$(id)",
      'https://x"y',
      "javascript:alert(1)",
      "https://x.example/;ls",
    ]) {
      await expect(readmeOf(gemma, { ...CONTEXT, backendUrl })).rejects.toMatchObject({ code: "unsafe_url" });
    }
  });

  test("hostile texts of the organisers neither add commands nor end the page", async () => {
    const dir = join(work.path, "hostile");
    await mkdir(dir);
    await cp(join(EXAMPLE, "task"), join(dir, "task"), { recursive: true });
    await writeFile(
      join(dir, "collab.yaml"),
      `collab:\n  slug: x\n  org: y\n  title: "a\\n\`\`\`sh\\nid\\n\`\`\`\\n{{api}} $(id)"\n  tagline: "b\\n\`\`\`sh\\nid\\n\`\`\`"\nscoring:\n  unit: "\`s\`\\n"\n  required: [status, score]\n`,
    );
    const readme = await readmeOf(await loadCollabDir(dir));
    expect(readme.split("\n")[0]).toBe("# a ```sh id ``` {{api}} $(id)");
    expect(blocksOf(readme).join("\n")).not.toMatch(/^id$/m);
    expect(blocksOf(readme)).toHaveLength(6);
  });

  test("a collab without a score has no step for results", async () => {
    const dir = join(work.path, "proof");
    await mkdir(dir);
    await cp(join(EXAMPLE, "task"), join(dir, "task"), { recursive: true });
    await writeFile(
      join(dir, "collab.yaml"),
      "collab: {slug: x, org: y, title: z, flavour: proof}\nscoring: none\n",
    );
    const readme = await readmeOf(await loadCollabDir(dir));
    expect(readme).not.toContain("/v1/results");
    expect(readme).not.toContain("## Score");
  });
});

describe("parts of a page", () => {
  test.each([
    ["# Title\n\nText", "Text"],
    ["## A\n### B", "### A\n#### B"],
    ["#### A", "#### A"],
    ["```\n# not a heading\n```\n# A", "```\n# not a heading\n```\n### A"],
    ["text\r\nmore", "text\nmore"],
  ])("%j becomes %j", (markdown, section) => expect(asSection(markdown, 3)).toBe(section));

  test.each([
    ["```\na", true],
    ["```\na\n```", false],
    ["~~~\n```\n~~~", false],
    ["````\n```\n", true],
    ["`` ` ``", false],
    ["```a`b\n", false],
  ])("%j leaves a code block open: %s", (markdown, open) => expect(hasOpenFence(markdown)).toBe(open));
});
