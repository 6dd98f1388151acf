import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { asJson, BASELINE, baseline, EXAMPLE, withCircle } from "../support/circles.ts";
import { python, requirePython } from "../support/python.ts";

beforeAll(requirePython);

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "circles-test-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

interface Summary {
  status: string;
  sum_radii?: number;
  score?: { sum_radii: string; exact: string };
  failure: { kind: string; reason_code: string; message: string } | null;
}

async function run(submission: string, args: readonly string[] = []) {
  const state = join(root, "state");
  const paths = ["--submission-dir", submission, "--state-dir", state];
  const finished = await python([join(EXAMPLE, "harness/run.py"), ...paths, ...args]);
  const summary = JSON.parse(await readFile(join(state, "summary.json"), "utf8")) as Summary;
  return { ...finished, state, summary };
}

async function check(text: string) {
  const submission = join(root, "submission");
  await mkdir(submission, { recursive: true });
  await writeFile(join(submission, "circles.json"), text);
  return run(submission);
}

describe("the harness", () => {
  it("scores the baseline above 2.5, exactly", async () => {
    const { code, summary } = await run(BASELINE);
    expect(code).toBe(0);
    expect(summary).toMatchObject({
      status: "completed",
      failure: null,
      sum_radii: 2.541421356237,
      score: { sum_radii: "2.541421356237", exact: "2541421356237309/1000000000000000" },
    });
  });

  it("draws the packing and lists every output with its hash", async () => {
    const { state } = await run(BASELINE);
    expect((await readFile(join(state, "packing.svg"), "utf8")).match(/<circle /g)).toHaveLength(26);
    const { status, files } = JSON.parse(await readFile(join(state, "outputs.json"), "utf8")) as {
      status: string;
      files: { path: string; sha256: string }[];
    };
    expect(status).toBe("completed");
    expect(files.map((file) => file.path)).toEqual(["packing.svg", "summary.json"]);
    for (const file of files) {
      const data = await readFile(join(state, file.path));
      expect(createHash("sha256").update(data).digest("hex")).toBe(file.sha256);
    }
  });

  it("takes the arguments that every Job passes", async () => {
    const { code } = await run(BASELINE, ["--private-dir", root, "--profile", "smoke"]);
    expect(code).toBe(0);
  });

  it("accepts circles that touch each other and the sides, as decimals, numbers and fractions", async () => {
    const circles: unknown[] = await baseline();
    circles[0] = [0.1, "1/10", "10e-2"];
    const { summary } = await check(asJson(circles));
    expect(summary.sum_radii).toBe(2.541421356237);
  });

  it("rounds the score down, never up", async () => {
    const circles = await withCircle(25, ["0.2", "0.2", "0.0414213562379999999999"]);
    // The last circle would overlap with that radius, so move it to where there is room: shrink its neighbours.
    for (const index of [0, 1, 5, 6])
      circles[index] = [circles[index]?.[0] ?? "", circles[index]?.[1] ?? "", "0.0999"];
    const { summary } = await check(asJson(circles));
    expect(summary.score?.sum_radii).toBe("2.541021356237");
    expect(summary.sum_radii).toBe(2.541021356237);
  });
});

describe("a packing is refused when", () => {
  it.each([
    [
      "two circles overlap by 1e-12",
      25,
      ["0.2", "0.2", "0.041421356238310"],
      "overlap",
      "Circles 0 and 25 overlap by about 1e-12",
    ],
    [
      "two circles overlap by 1e-30",
      0,
      ["0.1", "0.100000000000000000000000000001", "0.1"],
      "overlap",
      "Circles 0 and 5",
    ],
    ["one lies inside another", 25, ["0.1", "0.1", "0.01"], "overlap", "Circles 0 and 25"],
    [
      "one leaves the square by 1e-30",
      4,
      ["0.900000000000000000000000000001", "0.1", "0.1"],
      "outside",
      "Circle 4 leaves the square in x by 1e-30",
    ],
    [
      "one leaves it at the other side",
      0,
      ["0.1", "0.09", "0.1"],
      "outside",
      "Circle 0 leaves the square in y by 0.01",
    ],
    ["one lies far outside", 0, ["-5", "0.1", "0.1"], "outside", "Circle 0 leaves the square in x"],
    ["a radius is 0", 25, ["0.2", "0.2", "0"], "bad_radius", "Circle 25"],
    ["a radius is negative", 25, ["0.2", "0.2", "-0.01"], "bad_radius", "Circle 25"],
    ["a number is NaN", 25, ["NaN", "0.2", "0.01"], "bad_number", "Circle 25"],
    ["a number is infinite", 25, ["0.2", "Infinity", "0.01"], "bad_number", "Circle 25"],
    ["a number is in hexadecimal", 25, ["0x1", "0.2", "0.01"], "bad_number", "Circle 25"],
    ["a number has other digits than ours", 25, ["0.٢", "0.2", "0.01"], "bad_number", "Circle 25"],
    ["a number is an underscore away from one", 25, ["0.2_0", "0.2", "0.01"], "bad_number", "Circle 25"],
    ["a fraction divides by zero", 25, ["1/0", "0.2", "0.01"], "bad_number", "divides by zero"],
    ["an exponent is enormous", 25, ["1e-999999999", "0.2", "0.01"], "bad_number", "Circle 25"],
    ["an exponent is large", 25, ["2e-9999", "0.2", "0.01"], "bad_number", "exponent beyond 100"],
    ["a number is too long", 25, [`0.${"2".repeat(200)}`, "0.2", "0.01"], "bad_number", "longer than 120"],
    [
      "a fraction is huge",
      25,
      [`${"1".repeat(5000)}/${"3".repeat(5000)}`, "0.2", "0.01"],
      "bad_number",
      "longer than 120",
    ],
  ] as const)("%s", async (_name, index, circle, reason, message) => {
    const { code, summary } = await check(asJson(await withCircle(index, [...circle])));
    expect(code).toBe(10);
    expect(summary.failure).toMatchObject({ kind: "submission_error", reason_code: reason });
    expect(summary.failure?.message).toContain(message);
    expect(summary).not.toHaveProperty("sum_radii");
  });

  it.each([
    ["there are 25 circles", async () => asJson((await baseline()).slice(1)), "wrong_count"],
    [
      "there are 27 circles",
      async () => asJson([...(await baseline()), ["0.2", "0.4", "0.001"]]),
      "wrong_count",
    ],
    ["there are none", async () => asJson([]), "wrong_count"],
    ["a bare NaN is in the file", async () => asJson(await baseline()).replace('"0.2"', "NaN"), "bad_number"],
    [
      "a circle has two numbers",
      async () => asJson([["0.1", "0.1"], ...(await baseline()).slice(1)]),
      "bad_file",
    ],
    [
      "a number is an object",
      async () => asJson([[{}, "0.1", "0.1"], ...(await baseline()).slice(1)]),
      "bad_number",
    ],
    [
      "a number is true",
      async () => asJson([[true, "0.1", "0.1"], ...(await baseline()).slice(1)]),
      "bad_number",
    ],
    ["the file is not JSON", async () => "circles: []", "bad_file"],
    ["the file is not UTF-8", async () => "\ud800", "bad_file"],
    ["the file is a list", async () => "[]", "bad_file"],
    ["the file is nested without end", async () => "[".repeat(60_000), "bad_file"],
    [
      "the file is larger than 64 KB",
      async () => `${" ".repeat(70_000)}${asJson(await baseline())}`,
      "bad_file",
    ],
  ])("%s", async (_name, text, reason) => {
    const { code, summary } = await check(await text());
    expect(code).toBe(10);
    expect(summary.failure?.reason_code).toBe(reason);
  });

  it("there is no circles.json", async () => {
    await mkdir(join(root, "submission"));
    expect((await run(join(root, "submission"))).summary.failure?.reason_code).toBe("bad_file");
  });
});

describe("the largest numbers that are allowed", () => {
  it("are checked at once", async () => {
    const long = (digits: string) => `${digits}${"1".repeat(112)}e-100`;
    const circles = (await baseline()).map(() => [long("0.9"), long("0.9"), long("0.9")]);
    const { summary } = await check(asJson(circles));
    expect(summary.failure?.reason_code).toBe("overlap");
  });
});
