import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runCli } from "../support/cli.ts";
import { WorkFolder } from "../support/work-folder.ts";

let work: WorkFolder;
beforeAll(async () => {
  work = await WorkFolder.create();
});
afterAll(() => work[Symbol.asyncDispose]());

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const run = (args: string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}) =>
  runCli(args, { cwd: work.path, ...options });
const names = async (folder = ".") => (await readdir(join(work.path, folder))).sort();
const GOAL = "Count as high as you can.";
const NEEDED = ["--title=Counting", `--goal=${GOAL}`, "--org=counting"];

describe("what is made", () => {
  test("passes check, is thin, and names what comes next", async () => {
    const made = await run(["create", "first", ...NEEDED]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(await names("first")).toEqual([
      ".env.example",
      ".gitignore",
      "AGENTS.md",
      "CLAUDE.md",
      "README.md",
      "SETUP.md",
      "collab.yaml",
      "package.json",
      "task",
    ]);
    expect((await run(["check", "first"])).code).toBe(0);
    expect(made.stdout).toMatch(
      /1\. cd first\n\s+2\. npm install\n\s+3\. npm run dev\n\s+4\. npm run deploy -- --dry-run/,
    );
  });

  test("every template of a collab with everything switched on, line by line", async () => {
    const everything = [
      "--guardrails=ppl<=2.42, accuracy>=0.9",
      "--tracks=lossless:identity+ppl, open",
      "--hardware=a100-large",
      "--budget=50",
      "--verification=eval-space",
      "--axes=Numerics: bf16|int8, Decoding",
      "--invite-url=https://huggingface.co/organizations/x/share/y",
      "--rules=- One rule.\n- Another rule.",
      "--measure=Run it three times.",
    ];
    expect(await run(["create", "full", ...NEEDED, ...everything])).toMatchObject({ code: 0 });
    // The version changes with every release.
    const { version } = JSON.parse(
      await readFile(resolve(import.meta.dirname, "../../package.json"), "utf8"),
    );
    const tree = Object.entries(await work.tree("full"))
      .map(([path, text]) => `=== ${path}\n${text.replaceAll(version, "VERSION")}`)
      .join("\n");
    await expect(tree).toMatchFileSnapshot("snapshots/full-collab.txt");
    expect((await run(["check", "full", "--strict"])).code).toBe(0);
  });

  test("same answers, same bytes; and the printed line makes the same again", async () => {
    const one = JSON.parse((await run(["create", "same", ...NEEDED, "--axes=A: b|c", "--json"])).stdout);
    const before = await work.tree("same");
    await mkdir(join(work.path, "again"));
    const words = one.replay.replace(/^npx create-agent-collab@\S+/, "node CLI create");
    const shell = `cd again && ${words.replace("CLI", `'${resolve(import.meta.dirname, "../../wizard/cli.ts")}'`)}`;
    const replayed = spawnSync("bash", ["-c", shell], { cwd: work.path, encoding: "utf8" });
    expect(replayed, replayed.stderr).toMatchObject({ status: 0 });
    expect(await work.tree("again/same")).toEqual(before);
    expect(before["README.md"]).toContain(one.replay);
  });

  test("hostile words survive every file", async () => {
    const title = `Bob's "x" & {{y}} <b> \${z} 🎉\n\`rm -rf\` #: - %`;
    const goal = "---\n{{#if}}\n```sh\necho\n```\n# not yours: *&! |";
    const made = JSON.parse(
      (
        await run([
          "create",
          "hostile",
          `--title=${title}`,
          `--goal=${goal}`,
          "--org=counting",
          "--unit=\"'\\",
          "--json",
        ])
      ).stdout,
    );
    expect(made).toMatchObject({ ok: true });
    const tree = await work.tree("hostile");
    expect(parse(tree["collab.yaml"] as string).collab.title).toBe(title);
    expect(parse(tree["collab.yaml"] as string).scoring.unit).toBe(`"'\\`);
    expect(JSON.parse(tree["package.json"] as string).description).toContain(
      `Bob's "x" & {{y}} <b> \${z} 🎉 \`rm -rf\``,
    );
    expect(tree["task/goal.md"]).toBe(`${goal}\n`);
    expect((tree["README.md"] as string).split("\n")[0]).toBe(`# ${title.replace("\n", " ")}`);
    expect((await run(["check", "hostile"])).code).toBe(0);
    const again = spawnSync("bash", ["-c", `printf '%s\\0' ${made.replay}`], {
      encoding: "utf8",
    }).stdout.split("\0");
    expect(again).toContain(`--title=${title}`);
    expect(again).toContain(`--goal=${goal}`);
  });

  test("check warns about texts that nobody has written yet", async () => {
    const { error } = JSON.parse((await run(["check", "first", "--strict", "--json"])).stdout);
    expect(error).toMatchObject({
      code: "warnings",
      problems: [{ file: "first/task/rules.md" }, { file: "first/task/measure.md" }],
    });
  });

  test("check warns about a page for agents that is too long", async () => {
    await run(["create", "long", ...NEEDED, `--rules=${"- a rule\n".repeat(100)}`, "--measure=x"]);
    const checked = JSON.parse((await run(["check", "long", "--json"])).stdout);
    expect(checked.problems).toMatchObject([
      { severity: "warning", message: expect.stringMatching(/lines; they read best up to 150/) },
    ]);
  });

  test("no placeholder is left anywhere", async () => {
    await run(["create", "plain", ...NEEDED, "--hardware=t4-small", "--verification=jobs"]);
    for (const [path, text] of Object.entries(await work.tree("plain"))) {
      expect(text, path).not.toMatch(/\{\{|undefined|\[object/);
    }
  });

  test.each(["proof", "build", "knowledge"])("a collab of the kind %s has no score", async (flavour) => {
    expect(await run(["create", flavour, ...NEEDED, `--flavour=${flavour}`])).toMatchObject({ code: 0 });
    expect(parse((await work.tree(flavour))["collab.yaml"] as string).scoring).toBe("none");
    expect((await run(["check", flavour])).code).toBe(0);
  });

  test("the harness measures, and vouches for what it wrote", async () => {
    const state = join(work.path, "state");
    const measure = async (program: string, ...more: string[]) => {
      await mkdir(join(work.path, "submission"), { recursive: true });
      await writeFile(join(work.path, "submission/main.py"), program);
      const args = [
        "harness/run.py",
        "--submission-dir",
        join(work.path, "submission"),
        "--state-dir",
        state,
      ];
      const run = spawnSync("python3", [...args, ...more], {
        cwd: join(work.path, "full"),
        encoding: "utf8",
      });
      const summary = await readFile(join(state, "summary.json"), "utf8");
      const outputs = JSON.parse(await readFile(join(state, "outputs.json"), "utf8"));
      expect(outputs.files).toEqual([
        { path: "summary.json", bytes: Buffer.byteLength(summary), sha256: sha256(summary) },
      ]);
      expect(run.stdout).toContain(`"summary_sha256": "${sha256(summary)}"`);
      return { status: run.status, summary: JSON.parse(summary) };
    };
    expect(await measure("print('starting')\nprint(41.5)\n")).toMatchObject({
      status: 0,
      summary: { status: "completed", score: 41.5 },
    });
    expect(await measure("print(1)", "--profile", "smoke")).toMatchObject({
      status: 0,
      summary: { score: 1 },
    });
    for (const broken of ["raise SystemExit(3)", "print('no number')", "print('nan')"]) {
      const { status, summary } = await measure(broken);
      expect(status, broken).toBe(10);
      expect(summary).toMatchObject({ status: "failed", failure: { kind: "submission_error" } });
    }
  });

  test("the evaluator reads a result and answers with a verdict", () => {
    const input = JSON.stringify({ filename: "x.md", frontmatter: { score: 1 }, body: "how" });
    const run = spawnSync("python3", ["evaluator/evaluate.py"], {
      cwd: join(work.path, "full"),
      encoding: "utf8",
      input,
    });
    expect(run.stderr).toBe("");
    expect(JSON.parse(run.stdout)).toMatchObject({ verdict: "undecided", reason_code: "not_written" });
  });
});

describe("where it is made", () => {
  test.each(["with space", "ünï-cöde", "nested/deeper/here", "-dash"])("in %j", async (dir) => {
    const made = await run(["create", ...NEEDED, "--", dir]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(await names(dir)).toContain("collab.yaml");
    if (dir.includes(" ")) expect(made.stdout).toContain(`cd '${dir}'`);
  });

  test("in the current folder, beside what a person has there, which stays as it is", async () => {
    const dir = join(work.path, "mine");
    await mkdir(join(dir, ".git"), { recursive: true });
    await mkdir(join(dir, ".vscode"));
    for (const name of ["README.md", "LICENSE", ".gitignore", ".git/HEAD", ".vscode/settings.json"]) {
      await writeFile(join(dir, name), `my ${name}`);
    }
    const made = await runCli(["create", ".", ...NEEDED], { cwd: dir });
    expect(made, made.stderr).toMatchObject({ code: 0 });
    expect(made.stdout).toContain("Kept your own README.md.");
    for (const name of ["README.md", "LICENSE", ".gitignore", ".git/HEAD", ".vscode/settings.json"]) {
      expect(await readFile(join(dir, name), "utf8")).toBe(`my ${name}`);
    }
    expect(await names("mine")).toContain("collab.yaml");
  });

  test("not over a folder with other things: they are named, and nothing is touched", async () => {
    await mkdir(join(work.path, "taken/task"), { recursive: true });
    await writeFile(join(work.path, "taken/task/goal.md"), "mine");
    await writeFile(join(work.path, "taken/notes.txt"), "mine");
    const before = await work.tree("taken");
    const refused = await run(["create", "taken", ...NEEDED, "--json"]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout).error).toMatchObject({
      code: "not_empty",
      occupied: ["notes.txt", "task"],
      conflicts: ["task/goal.md"],
    });
    expect(await work.tree("taken")).toEqual(before);
  });

  test("--overwrite merge writes ours and keeps the rest; replace keeps only .git", async () => {
    await mkdir(join(work.path, "taken/.git"), { recursive: true });
    await writeFile(join(work.path, "taken/.git/HEAD"), "ref");
    expect(await run(["create", "taken", ...NEEDED, "--overwrite=merge"])).toMatchObject({ code: 0 });
    expect(await readFile(join(work.path, "taken/task/goal.md"), "utf8")).toBe(`${GOAL}\n`);
    expect(await readFile(join(work.path, "taken/notes.txt"), "utf8")).toBe("mine");
    expect(await run(["create", "taken", ...NEEDED, "--overwrite=replace"])).toMatchObject({ code: 0 });
    expect(await names("taken")).not.toContain("notes.txt");
    expect(await readFile(join(work.path, "taken/.git/HEAD"), "utf8")).toBe("ref");
  });

  test.each([
    ["a file in the way", ["create", "blocked/inside"], /blocked/],
    ["a folder that cannot be written", ["create", "/proc/collab"], /proc/],
  ])("%s is an error that names it, without a trace", async (_name, args, message) => {
    await writeFile(join(work.path, "blocked"), "a file");
    const failed = await run([...args, ...NEEDED]);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(message);
    expect(failed.stderr).not.toMatch(/^\s+at /m);
    expect(await readFile(join(work.path, "blocked"), "utf8")).toBe("a file");
  });

  test("--dry-run lists the files and writes nothing", async () => {
    const before = await names();
    const dry = await run(["create", "not-made", ...NEEDED, "--dry-run", "--git=yes", "--next=dev"]);
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/Would write 12 files[\s\S]*collab\.yaml/),
    });
    expect(await names()).toEqual(before);
  });

  test("no temporary folder stays behind", async () => {
    expect((await names()).filter((name) => name.startsWith("."))).toEqual([]);
  });
});

describe("from a file", () => {
  test("answers as YAML, as JSON and from standard input give the same collab", async () => {
    const answers = {
      title: "Counting",
      goal: GOAL,
      org: "counting",
      channels: ["one", "two"],
      budget: null,
    };
    await writeFile(join(work.path, "a.json"), JSON.stringify(answers));
    await writeFile(
      join(work.path, "a.yaml"),
      "title: Counting\ngoal: Count as high as you can.\norg: counting\nchannels: one, two\n",
    );
    const trees: unknown[] = [];
    for (const [index, source] of ["a.json", "a.yaml", "-"].entries()) {
      const parent = `from-${index}`;
      await mkdir(join(work.path, parent));
      const args = ["create", "c", "--config", source === "-" ? "-" : `../${source}`];
      const made = await runCli(args, {
        cwd: join(work.path, parent),
        input: source === "-" ? JSON.stringify(answers) : "",
      });
      expect(made, made.stderr).toMatchObject({ code: 0 });
      trees.push(await work.tree(`${parent}/c`));
    }
    expect(trees[1]).toEqual(trees[0]);
    expect(trees[2]).toEqual(trees[0]);
  });

  test("a flag wins over the file; @file is read", async () => {
    await writeFile(join(work.path, "goal.md"), "From a file.\n");
    await run(["create", "wins", "--config=a.yaml", "--title=Other", "--goal=@goal.md"]);
    const tree = await work.tree("wins");
    expect(parse(tree["collab.yaml"] as string).collab.title).toBe("Other");
    expect(tree["task/goal.md"]).toBe("From a file.\n");
  });

  test.each<[name: string, content: string, message: RegExp]>([
    ["broken", "a: [", /not YAML/],
    ["a list", "- a", /must be a mapping/],
    ["unknown", "titel: x", /no question "titel"[\s\S]*Did you mean title/],
    ["nested", "title: {a: 1}", /must be text/],
    ["wrong", "direction: up\ntitle: x\ngoal: y\norg: z", /--direction must be one of/],
  ])("%s: refused, nothing written", async (name, content, message) => {
    await writeFile(join(work.path, "bad.yaml"), content);
    const refused = await run(["create", `bad-${name}`, "--config=bad.yaml"]);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    expect(await names()).not.toContain(`bad-${name}`);
  });

  test("a file that is not there is named", async () => {
    expect(await run(["create", "x", "--config=nope.yaml"])).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/nope\.yaml/),
    });
  });
});

describe("from an example", () => {
  test("with its own names changed and its comments kept", async () => {
    const made = await run([
      "create",
      "gem",
      "--example=gemma-challenge",
      "--org=my-org",
      "--title=Mine: faster",
    ]);
    expect(made, made.stderr).toMatchObject({ code: 0 });
    const tree = await work.tree("gem");
    const collab = parse(tree["collab.yaml"] as string);
    expect(collab.collab).toMatchObject({ org: "my-org", title: "Mine: faster", slug: "gemma" });
    expect(tree["collab.yaml"]).toContain("# One lucky run must not lead the board");
    expect(tree["README.md"]).toContain("# Mine: faster");
    expect(Object.keys(tree)).toEqual(
      expect.arrayContaining(["task/goal.md", "package.json", ".gitignore", "SETUP.md"]),
    );
    expect((await run(["check", "gem"])).code).toBe(0);
  });

  test.each([
    [["--example=gemma"], /no example gemma/],
    [["--example=gemma-challenge", "--unit=s"], /unit cannot be combined/],
    [["--example=gemma-challenge", "--org=a b"], /org/],
    [["--example=gemma-challenge", "--start=custom"], /same as --start/],
  ])("%j is refused", async (args, message) => {
    const refused = await run(["create", "no-example", ...args]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(message);
    expect(await names()).not.toContain("no-example");
  });
});

describe("nobody is there", () => {
  test("no folder named: 4", async () => {
    expect(await run(["create"])).toMatchObject({
      code: 4,
      stdout: "",
      stderr: expect.stringMatching(/Name a folder/),
    });
  });

  test("answers missing: 4, each with its flag, and nothing drawn", async () => {
    const stopped = await run(["create", "nobody"]);
    expect(stopped).toMatchObject({ code: 4, stdout: "" });
    expect(stopped.stderr).toMatch(/--title <text>[\s\S]*--goal <text>[\s\S]*--org <name>[\s\S]*--yes/);
    expect(stopped.stderr).not.toContain("◆");
  });

  test("an agent is asked nothing and writes nothing without being told to", async () => {
    const stopped = await run(["create", "by-agent", "--json"], { env: { CLAUDECODE: "1" } });
    expect(stopped.code).toBe(4);
    expect(await names()).not.toContain("by-agent");
  });

  test.each(["", "\r"])(
    "--interactive with an input that ends (%j): 4 with the question, not a silent 0",
    async (input) => {
      const stopped = await run(["create", "ended", "--interactive"], { input });
      expect(stopped).toMatchObject({
        code: 4,
        stdout: "",
        stderr: expect.stringMatching(/The input ended before/),
      });
      expect(await names()).not.toContain("ended");
    },
  );

  test("--yes takes every default", async () => {
    expect(await run(["create", "yes", "--yes"])).toMatchObject({ code: 0 });
    expect((await run(["check", "yes"])).code).toBe(0);
  });
});

describe("git", () => {
  const isRepository = (dir: string) =>
    stat(join(work.path, dir, ".git")).then(
      () => true,
      () => false,
    );

  test("only if asked, and without a commit", async () => {
    await run(["create", "no-git", ...NEEDED]);
    expect(await isRepository("no-git")).toBe(false);
    const made = await run(["create", "git", ...NEEDED, "--git=yes"]);
    expect(made.stdout).toContain("nothing is committed yet");
    expect(await isRepository("git")).toBe(true);
    expect(spawnSync("git", ["log"], { cwd: join(work.path, "git") }).status).not.toBe(0);
  });

  test("not inside another repository", async () => {
    const made = await run(["create", "git/inner", ...NEEDED, "--git=yes"]);
    expect(made.stdout).toContain("inside another repository");
    expect(await isRepository("git/inner")).toBe(false);
  });

  test("git missing is a note, no failure", async () => {
    const empty = join(work.path, "empty-path");
    await mkdir(empty);
    const made = await run(["create", "gitless", ...NEEDED, "--git=yes"], { env: { PATH: empty } });
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/git is not installed/) });
  });
});
