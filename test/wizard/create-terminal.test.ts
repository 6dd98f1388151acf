/** `create` with a person at the terminal: real keys in a real pseudo-terminal. */
import { once } from "node:events";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { KEY, Terminal } from "../support/terminal.ts";
import { WorkFolder } from "../support/work-folder.ts";

let work: WorkFolder;
beforeAll(async () => {
  work = await WorkFolder.create();
});
afterAll(() => work[Symbol.asyncDispose]());

/** Prices come from a Hub that does not answer, so that the recorded list is shown at once. */
const OFFLINE = { HF_ENDPOINT: "http://127.0.0.1:1" };
const open = (args: string[] = [], env: NodeJS.ProcessEnv = {}) =>
  new Terminal(["create", ...args], { cwd: work.path, env: { ...OFFLINE, ...env } });
const made = async () => (await readdir(work.path)).sort();

/** The questions of the longest way through: what is asked, the keys that answer it, the argument that does. */
const EVERYTHING: [question: RegExp, keys: string, argument: string][] = [
  [/How do you want to start\?/, KEY.down + KEY.enter, "--start=custom"],
  [/Where should it be made\?/, `thorough${KEY.enter}`, "interrupted"],
  [/1\/5 {2}The problem[\s\S]*called\?/, KEY.enter, "--title=x"],
  [/work on\?/, `Make it better.${KEY.enter}${KEY.enter}`, "--goal=x"],
  [/kind of problem/, KEY.enter, "--flavour=score"],
  [/What counts, and what does not\?/, KEY.enter + KEY.enter, "--rules=x"],
  [/How is a result measured\?/, KEY.enter + KEY.enter, "--measure=x"],
  [/Name of the score\?/, `seconds${KEY.enter}`, "--score=x"],
  [/Its unit\?/, `s${KEY.enter}`, "--unit=x"],
  [/Which way is better\?/, KEY.down + KEY.enter, "--direction=lower"],
  [/which run counts\?/, KEY.down + KEY.enter, "--statistic=median"],
  [/How many runs does a score need/, KEY.enter, "--draws=3"],
  [/must not get worse\?/, `memory<=64${KEY.enter}`, "--guardrails="],
  [/tracks\?/, KEY.enter, "--tracks="],
  [/Who decides whether a result is valid\?/, KEY.down + KEY.down + KEY.enter, "--verification=jobs"],
  [/Which hardware do Jobs run on\?/, KEY.enter, "--hardware=cpu-basic"],
  [/that no Job measured\?/, KEY.enter, "--self-reported=unranked"],
  [/How long may a Job run/, `30${KEY.enter}`, "--job-timeout=30"],
  [/may one agent start in a day\?/, `3${KEY.enter}`, "--jobs-per-agent=3"],
  [/with all their agents\?/, KEY.enter, "--jobs-per-user=9"],
  [/may be re-run in a day\?/, KEY.enter, "--verification-runs=20"],
  [/differ from the claimed score\?/, KEY.enter, "--tolerance=0.05"],
  [/Most that all Jobs of a day may cost/, `5${KEY.enter}`, "--budget=5"],
  [/Short name\?/, KEY.enter, "--slug=x"],
  [/Organisation of the challenge\?/, KEY.enter, "--org=x"],
  [/Organisation of the organisers\?/, KEY.enter, "--admin-org=x-admin"],
  [/Invitation link/, KEY.enter, "--invite-url="],
  [/Channels of the message board\?/, KEY.enter, "--channels="],
  [/Along which lines do ideas differ\?/, KEY.enter, "--axes="],
  [/Make it a git repository\?/, KEY.enter, "--git=no"],
  [/And then\?/, KEY.enter, "--next=nothing"],
  [/Write it\?/, KEY.enter, "--interactive"],
];

describe("the first screen", () => {
  test("recommended settings are spelled out and ask two questions more", async () => {
    await using terminal = open();
    await terminal.answer(/verification +by you[\s\S]*● Recommended settings/, KEY.enter);
    await terminal.answer(/called\?/, `Counting${KEY.enter}`);
    await terminal.answer(/work on\?/, `Count high.${KEY.enter}Very high.${KEY.enter}${KEY.enter}`);
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen.match(/◇/g)).toHaveLength(3);
    expect(await readFile(join(work.path, "counting/task/goal.md"), "utf8")).toBe(
      "Count high.\nVery high.\n",
    );
  });

  test("an example is two keys away", async () => {
    await using terminal = open(["gem"]);
    await terminal.answer(/Example: Gemma challenge/, KEY.down.repeat(3) + KEY.enter);
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen).toMatch(/organisations fast-gemma and fast-gemma-admin are the example's/);
    expect(await made()).toContain("gem");
  });
});

describe("every question", () => {
  test("can be answered by keys, ends in a summary, and gives a collab", async () => {
    await using terminal = open();
    for (const [question, keys] of EVERYTHING) await terminal.answer(question, keys);
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen).toMatch(
      /Prices: of August 2026[\s\S]*cpu-basic +2 CPUs, 16 GB +\$0\.01\/h, up to \$1\/day/,
    );
    // At a cent an hour: 9 Jobs of 30 minutes and 60 trials of 15, and 20 re-runs.
    expect(terminal.screen).toMatch(
      /one participant's Jobs cost \$0\.20 a day, those of ten \$1\.95, and re-runs \$0\.10/,
    );
    const collab = parse(await readFile(join(work.path, "thorough/collab.yaml"), "utf8"));
    expect(collab).toMatchObject({
      collab: { slug: "thorough", org: "thorough-collab" },
      scoring: {
        field: "seconds",
        unit: "s",
        direction: "lower",
        guardrails: [{ field: "memory", max: 64 }],
      },
      verification: { mode: "jobs", runs_per_day: 20, tolerance: 0.05 },
      jobs: {
        enabled: true,
        hardware: "cpu-basic",
        timeout_minutes: 30,
        per_agent_per_day: 3,
        per_user_per_day: 9,
        budget_per_day: 5,
      },
    });
  });

  test.concurrent.each(EVERYTHING)(
    "Ctrl-C at %s: 130, the cursor is back, and nothing was created",
    async (question, _keys, own) => {
      const before = await made();
      await using terminal = open(
        EVERYTHING.map(([, , argument]) => argument).filter((argument) => argument !== own),
      );
      await terminal.answer(question, KEY.interrupt);
      expect(await terminal.end()).toBe(130);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that hide and show the cursor
      const cursor = [...terminal.raw.matchAll(/\u001b\[\?25([lh])/g)].at(-1)?.[1];
      expect(cursor ?? "h").toBe("h");
      expect(terminal.screen).toMatch(/Nothing was created/);
      expect(await made()).toEqual(before);
    },
  );
});

describe("the last look", () => {
  const asked = (skip: string) =>
    EVERYTHING.map(([, , argument]) => argument).filter(
      (argument) => !["interrupted", "--interactive", skip].includes(argument),
    );

  test("an answer can be changed, and what depends on it is asked", async () => {
    const given = ["--verification=manual", "--hardware=none"];
    const others = asked("").filter(
      (argument) => !/verification|hardware|job|tolerance|budget|self-reported/.test(argument),
    );
    await using terminal = open(["changed", ...others, ...given]);
    await terminal.answer(/No Jobs, no cost[\s\S]*Write it\?/, KEY.down + KEY.enter);
    await terminal.answer(/Which answer\?[\s\S]*Verification/, KEY.down.repeat(12) + KEY.enter);
    await terminal.answer(/Who decides whether a result is valid\?/, KEY.down.repeat(2) + KEY.enter);
    await terminal.answer(/Which hardware do Jobs run on\?/, KEY.enter);
    await terminal.answer(/that no Job measured\?/, KEY.enter);
    await terminal.answer(/How long may a Job run/, KEY.enter);
    await terminal.answer(/may one agent start/, KEY.enter);
    await terminal.answer(/with all their agents/, KEY.enter);
    await terminal.answer(/may be re-run in a day/, KEY.enter);
    await terminal.answer(/differ from the claimed/, KEY.enter);
    await terminal.answer(/Most that all Jobs/, KEY.enter);
    await terminal.answer(/Hardware +cpu-basic[\s\S]*Write it\?/, KEY.enter);
    expect(await terminal.end()).toBe(0);
    const collab = parse(await readFile(join(work.path, "changed/collab.yaml"), "utf8"));
    expect(collab).toMatchObject({
      collab: { title: "x" },
      verification: { mode: "jobs" },
      jobs: { enabled: true },
    });
  });

  test("no: nothing is created", async () => {
    await using terminal = open(["refused", ...asked("")]);
    await terminal.answer(/Write it\?/, KEY.up + KEY.enter);
    expect(await terminal.end()).toBe(1);
    expect(terminal.screen).toMatch(/Nothing was created/);
    expect(await made()).not.toContain("refused");
  });
});

test.each([50, 80])("no line is wider than a terminal of %i columns", async (columns) => {
  await using terminal = new Terminal(["create"], { cwd: work.path, env: OFFLINE, columns });
  for (const [question, keys] of EVERYTHING) {
    // Where a prompt is wrapped, the guide line stands between its words.
    const wrapped = new RegExp(question.source.replaceAll(/ (?![{])/g, "[\\s│]+"));
    await terminal.answer(wrapped, keys.replace("thorough", `narrow-${columns}`));
  }
  expect(await terminal.end()).toBe(0);
  const drawn = terminal.widths.filter(({ line }) => /[│◆◇●○└┌]/.test(line));
  expect(drawn.filter(({ width }) => width > columns)).toEqual([]);
});

test("whoever leaves gets the command that asks only for the rest", async () => {
  await using terminal = open(["left", "--start=custom"]);
  await terminal.answer(/called\?/, `It's mine${KEY.enter}`);
  await terminal.answer(/work on\?/, `Make it better.${KEY.enter}${KEY.enter}`);
  await terminal.answer(/kind of problem/, KEY.escape);
  expect(await terminal.end()).toBe(130);
  expect(terminal.screen).toMatch(
    /Nothing was created\.\nTo go on with the answers so far:\n {2}npx create-agent-collab@\S+ left '--title=It'\\''s mine' '--goal=Make it better\.' --start=custom/,
  );
});

test("Ctrl-C while prices are waited for: 130, and nothing was created", async () => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const env = { HF_ENDPOINT: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` };
  try {
    const given = EVERYTHING.flatMap(([, , argument]) =>
      /interrupted|interactive|hardware|job|tolerance|runs|budget|self-reported/.test(argument)
        ? []
        : [argument],
    );
    await using terminal = open(["waiting", ...given], env);
    await terminal.waitFor(/Verification, hardware and cost/);
    terminal.send(KEY.interrupt);
    expect(await terminal.end()).toBe(130);
    expect(terminal.screen).toMatch(/Interrupted\. Nothing was created/);
    expect(await made()).not.toContain("waiting");
  } finally {
    silent.closeAllConnections();
    silent.close();
  }
});

describe("what is typed", () => {
  test("meets the same check as a flag, and is asked again", async () => {
    await using terminal = open(["checked", "--start=custom"]);
    await terminal.answer(/called\?/, KEY.enter);
    await terminal.answer(/work on\?/, KEY.enter + KEY.enter);
    await terminal.answer(/kind of problem/, KEY.enter);
    await terminal.answer(/What counts/, KEY.enter + KEY.enter);
    await terminal.answer(/How is a result measured/, KEY.enter + KEY.enter);
    await terminal.answer(/Name of the score/, `1st${KEY.enter}`);
    await terminal.waitFor(/Must be letters, digits and '_'/);
    terminal.send(KEY.interrupt);
    expect(await terminal.end()).toBe(130);
  });

  test("a goal may come from a file or from the editor", async () => {
    await writeFile(join(work.path, "goal.md"), "From the file.\n");
    await using fromFile = open(["by-file", "--start=recommended", "--title=x"]);
    await fromFile.answer(/@file takes a file/, `@goal.md${KEY.enter}${KEY.enter}`);
    expect(await fromFile.end()).toBe(0);
    expect(await readFile(join(work.path, "by-file/task/goal.md"), "utf8")).toBe("From the file.\n");

    const editor = join(work.path, "editor.sh");
    await writeFile(editor, `#!/bin/sh\nprintf 'From the editor.\\n' >> "$1"\n`, { mode: 0o755 });
    await using fromEditor = open(["by-editor", "--start=recommended", "--title=x"], {
      EDITOR: `sh '${editor}'`,
    });
    await fromEditor.answer(/! opens sh/, `!${KEY.enter}${KEY.enter}`);
    expect(await fromEditor.end()).toBe(0);
    expect(await readFile(join(work.path, "by-editor/task/goal.md"), "utf8")).toBe("From the editor.\n");
  });

  test("an editor that fails costs no answer", async () => {
    await using terminal = open(["no-editor", "--start=recommended", "--title=x"], { EDITOR: "false" });
    await terminal.answer(/! opens false/, `!${KEY.enter}${KEY.enter}`);
    await terminal.waitFor(/The editor false ended with exit code 1/);
    await terminal.answer(/work on\?/, `By hand.${KEY.enter}${KEY.enter}`);
    expect(await terminal.end()).toBe(0);
    expect(await readFile(join(work.path, "no-editor/task/goal.md"), "utf8")).toBe("By hand.\n");
  });

  test("a dash stands for nothing where Enter stands for a default", async () => {
    await using terminal = open([
      "no-channels",
      "--start=custom",
      ...EVERYTHING.flatMap(([, , argument]) =>
        /channels|interrupted|interactive|start/.test(argument) ? [] : [argument],
      ),
    ]);
    await terminal.answer(/Type - for none/, `-${KEY.enter}`);
    await terminal.answer(/Write it\?/, KEY.enter);
    expect(await terminal.end()).toBe(0);
    expect(
      parse(await readFile(join(work.path, "no-channels/collab.yaml"), "utf8")).board,
    ).not.toHaveProperty("channels");
  });

  test("a challenge.yaml is asked for again until one can be read", async () => {
    await writeFile(
      join(work.path, "their.yaml"),
      "challenge: {org: theirs, slug: theirs, title: Theirs, tagline: Do it.}\n",
    );
    await using terminal = open(["from-challenge"]);
    await terminal.answer(/How do you want to start\?/, KEY.up + KEY.enter);
    await terminal.answer(/Where is the challenge\.yaml\?/, `nowhere.yaml${KEY.enter}`);
    await terminal.waitFor(/nowhere\.yaml cannot be read/);
    await terminal.answer(/Where is the challenge\.yaml\?/, `their.yaml${KEY.enter}`);
    await terminal.waitFor(/kind of problem/);
    terminal.send(KEY.interrupt);
    expect(await terminal.end()).toBe(130);
  });

  test("a folder with other things asks what to do, and stopping is the default", async () => {
    await using terminal = open([".", "--start=recommended", "--title=x", "--goal=y"]);
    await terminal.answer(/The folder is not empty/, KEY.enter);
    expect(await terminal.end()).toBe(1);
    expect(terminal.screen).toMatch(/--overwrite merge/);
  });
});

describe("told otherwise", () => {
  test("--yes never asks, at a terminal too", async () => {
    await using terminal = open(["yes", "--yes"]);
    expect(await terminal.end()).toBe(0);
    expect(terminal.screen).not.toContain("◆");
  });

  test("--no-interactive stops with the missing answers", async () => {
    await using terminal = open(["never", "--no-interactive"]);
    expect(await terminal.end()).toBe(4);
    expect(terminal.screen).toContain("--title <text>");
  });

  test.each([{ CI: "true" }, { CLAUDECODE: "1" }])("with %j nobody is asked", async (env) => {
    await using terminal = open(["never"], env);
    expect(await terminal.end()).toBe(4);
  });

  test("NO_COLOR and TERM=dumb: plain text", async () => {
    await using terminal = open(["plain", "--yes"], { NO_COLOR: "1" });
    await terminal.end();
    expect(terminal.raw).not.toContain("\u001b");
    await using dumb = open(["dumb", "--yes"], { TERM: "dumb" });
    await dumb.end();
    expect(dumb.raw).not.toContain("\u001b");
  });
});
