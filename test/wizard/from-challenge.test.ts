import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { MAPPING } from "../../wizard/scaffold/from-challenge.ts";
import { runCli } from "../support/cli.ts";
import { WorkFolder } from "../support/work-folder.ts";

const FULL = `
challenge:
  org: fast-org
  slug: fast
  title: "Fast: \\"the\\" challenge"
  tagline: >
    Make it fast.
    Then faster.
storage:
  central_bucket: fast-org/fast-main-bucket
spaces:
  backend: fast-org/fast-bucket-sync
  dashboard: fast-org/fast-board
scoring:
  score_field: seconds
  score_label: Seconds
  score_unit: s
  order: asc
  required_fields: [seconds, memory, method, status, description]
  secondary_field: cores
  secondary_label: Cores
verification:
  mode: jobs
  agent: referee
  score_tol: 0.1
  guard_field: memory
  guard_cap: 64.5
jobs:
  enabled: true
  image: python:3.12
  flavor: a10g-small
  timeout_minutes: 20
  harness_prefix: shared_resources/harness
  harness_entrypoint: bench.py
  extra_args: [--fast, 3]
  per_agent_per_day: 4
  per_user_per_day: 9
dashboard:
  invite_url: "https://huggingface.co/organizations/fast-org/share/<code>"
telemetry: {on: true}
`;

let work: WorkFolder;
beforeAll(async () => {
  work = await WorkFolder.create();
});
afterAll(() => work[Symbol.asyncDispose]());

const create = (name: string, args: string[] = []) =>
  runCli(["create", name, "--from", "challenge.yaml", ...args], { cwd: work.path });
const collabOf = async (name: string) => parse(await readFile(join(work.path, name, "collab.yaml"), "utf8"));

describe("a full challenge.yaml", () => {
  test("becomes a collab with the same settings, with nobody there to ask", async () => {
    await writeFile(join(work.path, "challenge.yaml"), FULL);
    const made = await create("full");
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(await collabOf("full")).toMatchObject({
      collab: { org: "fast-org", admin_org: "fast-org-admin", slug: "fast", title: 'Fast: "the" challenge' },
      scoring: {
        field: "seconds",
        label: "Seconds",
        unit: "s",
        direction: "lower",
        required: ["seconds", "memory", "method", "status", "description"],
        guardrails: [{ field: "memory", max: 64.5 }],
        columns: [{ field: "cores", label: "Cores" }],
      },
      verification: { mode: "jobs", agent: "referee", tolerance: 0.1 },
      jobs: {
        enabled: true,
        hardware: "a10g-small",
        image: "python:3.12",
        timeout_minutes: 20,
        entrypoint: "bench.py",
        args: ["--fast", "3"],
        per_agent_per_day: 4,
        per_user_per_day: 9,
      },
      resources: { backend_space: "fast-org/fast-bucket-sync", dashboard_space: "fast-org/fast-board" },
    });
    expect((await work.tree("full"))["task/goal.md"]).toBe("Make it fast. Then faster.\n");
    expect(made.stdout).toMatch(/telemetry\.on has no place/);
    expect(made.stdout).toMatch(/invite_url is a placeholder/);
    expect(made.stdout).toMatch(/no daily limit/);
  });

  test("a flag wins over it", async () => {
    expect(await create("flag", ["--title=Mine", "--budget=9"])).toMatchObject({ code: 0 });
    expect(await collabOf("flag")).toMatchObject({ collab: { title: "Mine" }, jobs: { budget_per_day: 9 } });
  });
});

test("a small one, with jobs off, gets defaults for the rest", async () => {
  await writeFile(
    join(work.path, "challenge.yaml"),
    "challenge: {org: o, slug: s, title: t, tagline: g, admin_org: o-adm}\njobs: {enabled: false, flavor: none-such}\nverification: {mode: eval-space, eval_poll_s: 30}\n",
  );
  expect(await create("small")).toMatchObject({ code: 0 });
  expect(await collabOf("small")).toMatchObject({
    collab: { admin_org: "o-adm" },
    jobs: { enabled: false },
    verification: { mode: "eval-space", poll_seconds: 30 },
  });
  expect((await runCli(["check", "small"], { cwd: work.path })).code).toBe(0);
});

test.each<[name: string, text: string, message: RegExp]>([
  ["another file", "a: 1\n", /no section challenge/],
  ["broken YAML", "challenge: [", /not YAML/],
  [
    "a hardware nobody has",
    "challenge: {org: o, slug: s, title: t, tagline: g}\njobs: {enabled: true, flavor: abacus}\n",
    /--hardware must be one of/,
  ],
  ["a bad slug", "challenge: {org: o, slug: S_S, title: t, tagline: g}\n", /--slug must be/],
])("%s is refused, and nothing is written", async (_name, text, message) => {
  await writeFile(join(work.path, "challenge.yaml"), text);
  expect(await create("refused")).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
  await expect(work.tree("refused")).rejects.toThrow();
});

test("the documentation names every key that is converted", async () => {
  const docs = await readFile(resolve(import.meta.dirname, "../../docs/from-challenge.md"), "utf8");
  for (const key of Object.keys(MAPPING)) expect(docs).toContain(key.split(".")[1]);
});
