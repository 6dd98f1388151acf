import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, EXAMPLE } from "../support/gemma.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

const fits = (summary: string) => python([join(EXAMPLE, "tools/fits_limit.py"), summary]);

describe("the time of a baseline", () => {
  it("is compared with the limit of its profile", async () => {
    await using bench = await (await Bench.create()).stub();
    await bench.run();
    const path = join(bench.state, "summary.json");
    const { code, stdout } = await fits(path);
    const summary = JSON.parse(await readFile(path, "utf8"));
    const taken = Object.values(summary.diagnostics.stage_seconds as Record<string, number>);
    const seconds = taken.reduce((sum, value) => sum + value, 0);
    // On a machine that is busy enough even the stub takes long: the answer must fit, whatever it is.
    expect(code).toBe(seconds <= 36 ? 0 : 1);
    expect(JSON.parse(stdout)).toMatchObject({ limit_minutes: 1, fits: seconds <= 36 });

    summary.diagnostics.stage_seconds = { ...summary.diagnostics.stage_seconds, timed: 40 };
    await writeFile(path, JSON.stringify(summary));
    const slow = await fits(path);
    expect(slow.code).toBe(1);
    expect(JSON.parse(slow.stdout)).toMatchObject({ fits: false });
    expect(JSON.parse(slow.stdout).baseline_minutes).toBeGreaterThan(0.6);
  });

  it("is not taken from a run that failed, or from something else", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_EXIT_CODE: "1" });
    await bench.run();
    const failed = await fits(join(bench.state, "summary.json"));
    expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining("The server ended") });
    expect((await fits(join(bench.state, "server.log"))).code).toBe(2);
  });
});
