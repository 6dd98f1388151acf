/** What a good command line does, where no other file looks: every command, every exit, other machines, repeated runs. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Command } from "commander";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Cli, COMMANDS } from "../../wizard/commands/index.ts";
import { runCli } from "../support/cli.ts";
import { WorkFolder } from "../support/work-folder.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const NEEDED = ["--title=Counting", "--goal=Higher.", "--org=counting"];
/** Nobody listens there: what needs the Hub fails at once. */
const NO_HUB = { HF_ENDPOINT: "http://127.0.0.1:9", HF_TOKEN: "hf_local_organizer" };

let work: WorkFolder;
beforeAll(async () => {
  work = await WorkFolder.create();
});
afterAll(() => work[Symbol.asyncDispose]());

const run = (args: string[], env: NodeJS.ProcessEnv = {}) => runCli(args, { cwd: work.path, env });

/** The words of a command line as a shell would split them. */
function words(line: string): string[] {
  return [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/["']/g, ""));
}

describe("with nobody there, every command answers with one JSON document, and without an escape sequence", () => {
  /** What makes a command that would run on end at once. */
  const MORE: Record<string, string[]> = { hub: ["status"], dev: ["status"] };

  test.concurrent.each(COMMANDS.map(({ name }) => name))("%s", async (name) => {
    const { stdout, stderr, code } = await run([name, ...(MORE[name] ?? []), "--json"], NO_HUB);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ schema_version: 1, ok: expect.any(Boolean) });
    if (!document.ok)
      expect(document.error).toMatchObject({ code: expect.any(String), message: expect.any(String) });
    expect([0, 1, 2, 4]).toContain(code);
    expect(stdout + stderr).not.toContain("\u001b");
  });
});

describe("examples in the help", () => {
  test.each(COMMANDS.map((entry) => [entry.name, entry] as const))(
    "%s: the parser takes it",
    async (name, { load }) => {
      const { stdout } = await run([name, "--help"]);
      const examples = stdout.slice(stdout.indexOf("Example:")).split("\n").slice(1);
      const lines = examples.join("\n").replaceAll("\\\n", " ").split("\n");
      const ours = lines.filter((line) => line.trim().startsWith("agent-collab "));
      expect(ours).not.toEqual([]);
      for (const line of ours.flatMap((one) => one.split(" && "))) {
        const command = new Command("agent-collab").exitOverride();
        const inner = command.command(name);
        (await load()).register(inner, { out: {} } as Cli);
        let called = false;
        const stub = (one: Command) => {
          one.exitOverride().configureOutput({ writeErr: () => {} });
          one.commands.forEach(stub);
          if (one.commands.length === 0 || one === inner) {
            one.action(() => {
              called = true;
            });
          }
        };
        stub(inner);
        for (const flag of ["--json", "-q, --quiet", "--format <format>"]) command.option(flag);
        await command.parseAsync(words(line.trim()).slice(1), { from: "user" });
        expect(called, line).toBe(true);
      }
    },
  );
});

describe("yesterday's command lines still run unattended", async () => {
  const text = await readFile(join(import.meta.dirname, "past-commands.txt"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  test.each(lines.map((line, index) => [line, index] as const))("%s", async (line, index) => {
    const cwd = join(work.path, `past-${index}`);
    await mkdir(cwd);
    const done = await runCli(words(line), { cwd });
    expect(done, done.stderr).toMatchObject({ code: 0 });
  });
});

describe("a value that no choice has", () => {
  test.each([
    [["--direction=up"], /must be one of higher, lower/],
    [["--hardware=a100"], /must be one of none, cpu-basic[\s\S]*did you mean/],
    [["--overwrite=erase"], /--overwrite must be one of abort, merge, replace/],
    [["--git=maybe"], /--git must be one of yes, no/],
    [["--next=fly"], /--next must be one of nothing, dev, deploy/],
    [["--start=gema-challenge"], /Did you mean gemma-challenge/],
    [["--example=nothing-like-it"], /Examples: circle-packing, gemma-challenge/],
  ])("%j: 2, what is allowed, nothing written", async (args, message) => {
    const refused = await run(["create", "refused", ...NEEDED, ...args]);
    expect(refused).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect(await readdir(work.path)).not.toContain("refused");
  });
});

describe("a token", () => {
  const TOKEN = `hf_${"Zx9".repeat(12)}`;

  test("is refused as an answer, and repeated nowhere", async () => {
    for (const given of [`--title=${TOKEN}`, `--goal=use ${TOKEN}`, `--axes=${TOKEN}`]) {
      const refused = await run(["create", "secret", ...NEEDED, given, "--json", "--debug"]);
      expect(refused.code).toBe(2);
      expect(JSON.parse(refused.stdout).error.message).toMatch(/looks like a token/);
      expect(refused.stdout + refused.stderr).not.toContain(TOKEN);
    }
    expect(await readdir(work.path)).not.toContain("secret");
  });

  test("in the environment reaches no file and no output", async () => {
    for (const format of ["human", "agent", "json", "quiet"]) {
      const args = ["create", `with-token-${format}`, ...NEEDED, "--format", format, "--debug"];
      const made = await run(args, { HF_TOKEN: TOKEN });
      expect(made.code).toBe(0);
      expect(made.stdout + made.stderr).not.toContain(TOKEN);
      expect(JSON.stringify(await work.tree(`with-token-${format}`))).not.toContain(TOKEN);
    }
  });
});

describe("where it is written", () => {
  test.each(["@acme/board", "a\\b", "sub/../twisted", "%2e%2e", "../collab test beside"])(
    "%j: in that folder, and nowhere else",
    async (dir) => {
      const cwd = join(work.path, "inner folder");
      await mkdir(cwd, { recursive: true });
      const target = resolve(cwd, dir);
      const before = Object.keys(await work.tree());
      const made = await runCli(["create", dir, ...NEEDED, "--json"], { cwd });
      expect(made, made.stderr).toMatchObject({ code: 0 });
      const { files } = JSON.parse(made.stdout) as { files: string[] };
      const added = Object.keys(await work.tree()).filter((path) => !before.includes(path));
      expect(added.map((path) => join(work.path, path)).sort()).toEqual(
        files.map((path) => join(target, path)).sort(),
      );
    },
  );

  test.each(["--slug=../x", "--score=../x", "--channels=../x", "--org=../x"])(
    "%s cannot lead out of it",
    async (given) => {
      expect(await run(["create", "led-out", ...NEEDED, given])).toMatchObject({ code: 2 });
    },
  );
});

describe("done again", () => {
  test("the same command says that everything is there, and writes nothing", async () => {
    await run(["create", "again", ...NEEDED]);
    const before = await work.tree("again");
    const again = await run(["create", "again", ...NEEDED, "--json"]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ ok: true, created: false, already: true });
    expect(await work.tree("again")).toEqual(before);
  });

  test("with other answers it is a folder with other things in it", async () => {
    expect(await run(["create", "again", ...NEEDED, "--unit=s"])).toMatchObject({ code: 1 });
  });
});

describe("what agents were told", () => {
  test.each([[], ["--overwrite=merge"]])("in AGENTS.md and CLAUDE.md stays (%j)", async (...options) => {
    const dir = `told-${options.length}`;
    await mkdir(join(work.path, dir));
    for (const name of ["AGENTS.md", "CLAUDE.md"]) await writeFile(join(work.path, dir, name), "mine");
    const made = await run(["create", dir, ...NEEDED, ...options]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stdout).toMatch(/Kept your own AGENTS\.md\.\nKept your own CLAUDE\.md\./);
    expect(await work.tree(dir)).toMatchObject({ "AGENTS.md": "mine", "CLAUDE.md": "mine" });
  });

  test("every command of the AGENTS.md that create writes runs", async () => {
    await run(["create", "for-agents", ...NEEDED, "--hardware=cpu-basic", "--rules=x", "--measure=x"]);
    const text = (await work.tree("for-agents"))["AGENTS.md"] as string;
    const commands = [...text.matchAll(/`npx agent-collab ([^`]+)`/g)].map(([, line = ""]) => line);
    expect(commands.length).toBeGreaterThan(2);
    for (const line of commands.filter((command) => !/^(dev|deploy)/.test(command))) {
      const done = await runCli(words(line), { cwd: join(work.path, "for-agents") });
      expect(done.code, `${line}\n${done.stdout}${done.stderr}`).toBe(0);
    }
    expect((await work.tree("for-agents"))["CLAUDE.md"]).toContain("AGENTS.md");
  });
});

describe("next steps", () => {
  test.each([
    ["npm/11.0.0 node/v24", ["npm install", "npm run dev", "npm run deploy -- --dry-run"]],
    ["pnpm/10.1 npm/? node/v24", ["pnpm install", "pnpm run dev", "pnpm run deploy --dry-run"]],
    ["yarn/1.22 npm/? node/v24", ["yarn install", "yarn run dev", "yarn run deploy --dry-run"]],
    ["bun/1.2.0", ["bun install", "bun run dev", "bun run deploy --dry-run"]],
  ])("started by %s", async (npm_config_user_agent, steps) => {
    const dir = `by ${npm_config_user_agent.slice(0, 3)}`;
    const { stdout } = await run(["create", dir, ...NEEDED, "--json"], { npm_config_user_agent });
    expect(JSON.parse(stdout).next).toEqual([`cd '${dir}'`, ...steps]);
  });

  test("a lock file names the package manager, and one that is missing here is a note", async () => {
    const cwd = join(work.path, "locked");
    await mkdir(cwd);
    await writeFile(join(cwd, "yarn.lock"), "");
    const env = { npm_config_user_agent: undefined, PATH: "/nowhere" };
    const { stdout, code } = await runCli(["create", "in", ...NEEDED], { cwd, env });
    expect(code).toBe(0);
    expect(stdout).toMatch(/Note: yarn is not installed here[\s\S]*2\. yarn install/);
  });

  test("in the current folder there is nothing to enter", async () => {
    const cwd = join(work.path, "here");
    await mkdir(cwd);
    const { stdout } = await runCli(["create", ".", ...NEEDED, "--json"], { cwd });
    expect(JSON.parse(stdout).next[0]).toMatch(/install$/);
  });
});

test("what a human has to answer is said as an action for them", async () => {
  for (const args of [["create"], ["create", "asks"]]) {
    const { stdout } = await run([...args, "--json"]);
    expect(JSON.parse(stdout).error).toMatchObject({
      status: "action_required",
      reason: "missing_answers",
      human: expect.stringMatching(/\?/),
      missing: [expect.objectContaining({ flag: expect.any(String) })].concat(
        args.length === 1 ? [] : [expect.anything(), expect.anything()],
      ),
    });
  }
});

test("what the JSON documents hold may only grow", async () => {
  const keys = async (...args: string[]) => Object.keys(JSON.parse((await run([...args, "--json"])).stdout));
  const common = ["ok", "schema_version"];
  expect(await keys("create", "grows", ...NEEDED)).toEqual(
    expect.arrayContaining([
      ...common,
      ...[
        "dir",
        "created",
        "already",
        "dry_run",
        "files",
        "kept",
        "notes",
        "git",
        "worst_costs",
        "replay",
        "next",
      ],
    ]),
  );
  expect(await keys("check", "grows")).toEqual(
    expect.arrayContaining([...common, "dir", "file", "problems", "resources"]),
  );
  expect(await keys("capabilities")).toEqual(
    expect.arrayContaining([
      ...common,
      ...["version", "commands", "global_options", "questions", "environment", "exit_codes"],
    ]),
  );
});

test("agents and people get the same JSON", async () => {
  await run(["create", "one", ...NEEDED]);
  for (const args of [
    ["check", "one", "--json"],
    ["capabilities", "--json"],
    ["create", "one", ...NEEDED, "--json"],
  ]) {
    const [human, agent] = await Promise.all([run(args), run(args, { CLAUDECODE: "1" })]);
    expect(agent.stdout).toBe(human.stdout);
  }
});

test("one place sets the exit code", async () => {
  const files = await readdir(join(ROOT, "wizard"), { recursive: true });
  for (const file of files.filter((name) => name.endsWith(".ts") && name !== "cli.ts")) {
    const source = await readFile(join(ROOT, "wizard", file), "utf8");
    // Programs that stand beside the command line are processes of their own.
    expect(source.replaceAll(/`[^`]*`/g, ""), file).not.toMatch(/process\.exit\(|process\.exitCode\s*=/);
  }
});
