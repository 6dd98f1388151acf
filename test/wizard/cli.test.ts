import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../wizard/commands/index.ts";
import { runCli } from "../support/cli.ts";

// biome-ignore lint/suspicious/noControlCharactersInRegex: looking for escape sequences is the test
const ESCAPE = /\u001b/;

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "collab-cli-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const run = (args: string[], env: NodeJS.ProcessEnv = {}) => runCli(args, { cwd, env });

describe("wrong usage ends with 2, says what was meant, and prints nothing on stdout", () => {
  test.each<[args: string[], message: RegExp, fix: RegExp]>([
    [["chek"], /no command chek/, /Did you mean check\?/],
    [["craete", "x"], /no command craete/, /Did you mean create\?/],
    [["zzzzzz"], /no command zzzzzz/, /Commands: create, check/],
    [["check", "--stict"], /unknown option '--stict'/i, /Did you mean --strict\?/],
    [["create", "x", "--titel", "y"], /unknown option '--titel'/i, /Did you mean --title\?/],
    [["check", "a", "b"], /too many arguments/i, /--help/],
    [["check", "--format", "jsn"], /--format jsn/, /Did you mean json\?/],
    [["check", "--format"], /--format/, /human/],
    [["create", "x", "--title"], /argument missing/i, /--help/],
    [[], /No command/, /commands above/],
  ])("%j", async (args, message, fix) => {
    const { code, stdout, stderr } = await run(args);
    expect(code).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(fix);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("errors as JSON", () => {
  test.each([
    ["chek", "--json"],
    ["--format", "json", "chek"],
    ["check", "--format=json", "--nope"],
    ["check", "nowhere", "--json"],
    ["create", "--json"],
  ])("%j: one document on stdout", async (...args) => {
    const { stdout, code } = await run(args);
    expect(code).not.toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      schema_version: 1,
      error: expect.objectContaining({
        code: expect.stringMatching(/^[a-z_]+$/),
        message: expect.any(String),
        fix: expect.any(String),
        docs: expect.stringMatching(/^docs\/errors\.md#/),
      }),
    });
  });
});

describe("help", () => {
  test.each(COMMANDS.map(({ name }) => name))(
    "%s: exit codes, an example, less than 60 lines",
    async (name) => {
      const { code, stdout } = await run([name, "--help"]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/Exit codes: 0 done, 1 failed, 2 wrong usage, 4 input needed, 130 interrupted/);
      expect(stdout).toMatch(/Example:\n {2}agent-collab /);
      expect(stdout.split("\n").length).toBeLessThan(60);
      expect(stdout).not.toMatch(ESCAPE);
    },
  );

  test("names every command", async () => {
    const { stdout, code } = await run(["--help"]);
    expect(code).toBe(0);
    for (const { name, summary } of COMMANDS)
      expect(stdout).toMatch(new RegExp(`${name} .*${summary.slice(0, 20)}`));
  });

  test("--version prints the version alone", async () => {
    expect(await run(["--version"])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    });
  });
});

describe("output", () => {
  const example = join(import.meta.dirname, "../../examples/gemma-challenge");

  test("agents get the same facts without colour, and the same JSON", async () => {
    const agent = await run(["check", example], { CLAUDECODE: "1", NO_COLOR: "" });
    const human = await run(["check", example]);
    expect(agent.stdout).toContain("are good");
    expect(agent.stdout).not.toMatch(ESCAPE);
    const json = await run(["check", example, "--json"], { CLAUDECODE: "1" });
    expect(JSON.parse(json.stdout)).toEqual(JSON.parse((await run(["check", example, "--json"])).stdout));
    expect(human.code).toBe(0);
  });

  test("quiet is one line: the essential value", async () => {
    expect((await run(["check", example, "--quiet"])).stdout).toBe(`${example}\n`);
  });

  test("a token in the environment or on the command line is never repeated", async () => {
    const token = `hf_${"Ab1".repeat(12)}`;
    for (const args of [
      ["check", token],
      ["check", token, "--json"],
      ["create", "x", `--slug=${token}`],
      [token],
    ]) {
      const { stdout, stderr } = await run([...args, "--debug"], { HF_TOKEN: token });
      expect(stdout + stderr).not.toContain(token);
    }
  });

  test("the stack shows with --debug only", async () => {
    expect((await run(["check", "nowhere"])).stderr).not.toMatch(/^\s+at /m);
    expect((await run(["check", "nowhere", "--debug"])).stderr).toMatch(/^\s+at /m);
  });
});
