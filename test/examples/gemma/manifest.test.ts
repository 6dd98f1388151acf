import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench } from "../support/gemma.ts";
import { requirePython } from "../support/python.ts";

beforeAll(requirePython);

const SERVE = { "serve.py": "print('never started')\n" };

describe("a manifest is refused before anything starts, with the line of each fault", () => {
  it.each([
    ["{", 1, "a key in double quotes was expected here"],
    ['{\n "serve": ["python", "serve.py"],\n}', 3, "a key in double quotes was expected here"],
    ['{\n "serve": ["python", "serve.py"],\n "serve": []\n}', 3, 'the key "serve" is there twice'],
    ['{\n "serve": ["python", "serve.py"],\n "env": {"A": NaN}\n}', 3, "a value was expected here"],
    ["[]", 1, "must be an object, not []"],
    ['{\n "name": "x"\n}', 1, 'the key "serve" is missing'],
    ['{\n "serve": []\n}', 2, "serve: must not be empty"],
    ['{\n "serve": "python serve.py"\n}', 2, 'serve: must be an array, not "python serve.py"'],
    ['{\n "serve": [\n  "python",\n  7\n ]\n}', 4, "serve[1]: must be a string, not 7"],
    ['{\n "serve": ["python", "server.py"]\n}', 2, 'there is no file "server.py" in the submission'],
    [
      '{\n "serve": ["python", "serve.py", "--port", "8000"]\n}',
      2,
      "read it from the environment variable PORT",
    ],
    ['{\n "serve": ["python", "serve.py"],\n "port": 8000\n}', 3, "the harness chooses the port"],
    ['{\n "serve": ["python", "serve.py"],\n "dependancies": []\n}', 3, 'did you mean "dependencies"?'],
    ['{\n "serve": ["python", "serve.py"],\n "model_id": "/home/me/weights"\n}', 3, "neither a Hub id"],
    ['{\n "serve": ["python", "serve.py"],\n "model_revision": "main"\n}', 3, "40 hexadecimal digits"],
    [
      '{\n "serve": ["python", "serve.py"],\n "env": {\n  "PORT": 1\n }\n}',
      4,
      "env.PORT: is set by the harness",
    ],
    ['{\n "serve": ["python", "serve.py"],\n "env": {\n  "HF_TOKEN": "x"\n }\n}', 4, "looks like a secret"],
    [
      '{\n "serve": ["python", "serve.py"],\n "lock": "../requirements.lock"\n}',
      3,
      "lock: must be a path inside the submission",
    ],
    ['{\n "serve": ["python", "serve.py"],\n "lock": "a.lock"\n}', 3, 'there is no file "a.lock"'],
  ])("%j: line %i", async (text, line, message) => {
    await using bench = await (await Bench.create()).files({ ...SERVE, "manifest.json": text });
    const { code, summary } = await bench.run();
    expect(code).toBe(10);
    expect(summary.failure).toMatchObject({ kind: "submission_error", reason_code: "manifest_invalid" });
    expect(summary.failure?.message).toContain(`manifest.json, line ${line}: `);
    expect(summary.failure?.message).toContain(message);
    expect(summary.failure?.details.faults).toContainEqual(expect.objectContaining({ line }));
  });

  it("names every fault at once", async () => {
    const text = '{\n "serve": [],\n "name": "",\n "nam": 1\n}';
    await using bench = await (await Bench.create()).files({ ...SERVE, "manifest.json": text });
    const { summary } = await bench.run();
    expect(summary.failure?.details.faults).toMatchObject([{ line: 2 }, { line: 3 }, { line: 4 }]);
  });

  it("says that a manifest is missing", async () => {
    await using bench = await (await Bench.create()).files(SERVE);
    expect((await bench.run()).summary.failure).toMatchObject({ reason_code: "manifest_missing" });
  });

  it("refuses links, which could lead out of the submission", async () => {
    await using bench = await (await Bench.create()).stub();
    await symlink("/etc/passwd", join(bench.submission, "weights"));
    const { summary } = await bench.run();
    expect(summary.failure).toMatchObject({
      reason_code: "submission_unreadable",
      message: "weights is not a plain file or directory.",
    });
  });

  it("accepts numbers and booleans in env, null dependencies and a byte order mark", async () => {
    const manifest =
      '\ufeff{"serve": ["python", "serve.py"], "dependencies": null, "env": {"A": 1, "B": true}}';
    const serve = "import os, sys\nsys.exit(f\"{os.environ['A']} {os.environ['B']}\")\n";
    await using bench = await (await Bench.create()).files({ "serve.py": serve, "manifest.json": manifest });
    const { summary } = await bench.run();
    expect(summary.failure).toMatchObject({
      reason_code: "server_exited",
      details: { last_lines: ["1 true"] },
    });
  });
});
