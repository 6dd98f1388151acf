/** That `npm run bench` works, not how fast anything is. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const bench = (...args: string[]) =>
  promisify(execFile)(process.execPath, [join(import.meta.dirname, "run.ts"), ...args]);

test("a short run of one benchmark prints one JSON document", async () => {
  const { stdout, stderr } = await bench("--short", "--only", "local-hub-commits", "--json");
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ schema_version: 1, short: true, results: [{ name: "local-hub-commits" }] });
  for (const { value } of report.results[0].rows) expect(value).toBeGreaterThan(0);
  expect(stderr).toContain("local-hub-commits");
});

test("an unknown benchmark is refused with the names of those there are", async () => {
  await expect(bench("--only", "no-such")).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining("local-hub-tree"),
  });
});
