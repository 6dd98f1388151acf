import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BASELINE, EXAMPLE } from "../support/circles.ts";
import { python, requirePython } from "../support/python.ts";

let root: string;
beforeAll(async () => {
  requirePython();
  root = await mkdtemp(join(tmpdir(), "circles-test-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** What each planted submission is told: by the evaluator, and by the harness, which knows no claim. */
const TABLE: Record<string, { verdict: string; harness: string | null }> = {
  honest: { verdict: "ok", harness: null },
  overlap: { verdict: "overlap", harness: "overlap" },
  outside: { verdict: "outside", harness: "outside" },
  overclaimed: { verdict: "score_overclaimed", harness: null },
  "too-few": { verdict: "wrong_count", harness: "wrong_count" },
  "not-a-number": { verdict: "bad_number", harness: "bad_number" },
  huge: { verdict: "bad_file", harness: "bad_file" },
};

describe("a planted packing gets the verdict it deserves", () => {
  it.each(Object.entries(TABLE))("%s", async (name, deserved) => {
    const folder = join(root, name);
    const made = await python([join(EXAMPLE, "tools/make_planted.py"), name, folder]);
    const { claim, deserves } = JSON.parse(made.stdout) as { claim: string; deserves: string };
    expect(deserves).toBe(deserved.verdict);

    const request = { frontmatter: { sum_radii: claim }, body: "", submission_dir: folder };
    const judged = await python([join(EXAMPLE, "evaluator/evaluate.py")], { input: JSON.stringify(request) });
    expect(JSON.parse(judged.stdout)).toMatchObject({
      verdict: deserved.verdict === "ok" ? "valid" : "invalid",
      reason_code: deserved.verdict,
    });

    const state = join(folder, "state");
    const run = await python([
      join(EXAMPLE, "harness/run.py"),
      ...["--submission-dir", folder, "--state-dir", state],
    ]);
    const summary = JSON.parse(await readFile(join(state, "summary.json"), "utf8"));
    expect(summary.failure?.reason_code ?? null).toBe(deserved.harness);
    expect(run.stdout.trim().split("\n").at(-1)).toMatch(/^harness-result: \{/);
  });

  it("and every one of them is in the table and in the README", async () => {
    const help = await python([join(EXAMPLE, "tools/make_planted.py"), "--help"]);
    const names = /\{([a-z,-]+)\}/.exec(help.stdout)?.[1]?.split(",");
    expect(names).toEqual(Object.keys(TABLE).sort());
    const readme = await readFile(join(EXAMPLE, "README.md"), "utf8");
    for (const name of Object.keys(TABLE)) expect(readme).toMatch(new RegExp(`\\| \`${name}\` +\\|`));
  });
});

describe("a copy", () => {
  it("has the hash of what it copies, in whatever order and form its numbers are", async () => {
    const { circles } = JSON.parse(await readFile(join(BASELINE, "circles.json"), "utf8"));
    const hashes = await python([
      "-c",
      [
        `import sys, json; sys.path.insert(0, ${JSON.stringify(join(EXAMPLE, "harness"))})`,
        "from run import packing_sha256",
        "from packing import read_circles",
        "for text in json.loads(sys.argv[1]): print(packing_sha256(text.encode(), read_circles(text.encode())))",
      ].join("\n"),
      JSON.stringify([
        JSON.stringify({ circles }),
        JSON.stringify({ circles: [...circles].reverse() }),
        JSON.stringify({ circles }).replaceAll('"0.1"', '"1/10"'),
        JSON.stringify({ circles }).replace('"0.041421356237309"', '"0.041421356237308"'),
      ]),
    ]);
    const [one, reversed, rewritten, other] = hashes.stdout.trim().split("\n");
    expect([reversed, rewritten]).toEqual([one, one]);
    expect(other).not.toBe(one);
  });
});
