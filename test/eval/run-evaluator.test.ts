/** The organisers' evaluator, and what it cannot do whatever participants make it read. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type Evaluation, runEvaluator } from "../../template/spaces/eval/run-evaluator.ts";
import { findSandbox, type Sandbox } from "../../template/spaces/eval/sandbox.ts";
import { readVerdict } from "../../template/spaces/eval/verdict.ts";
import { WorkFolder } from "../support/work-folder.ts";

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await findSandbox();
});

async function withWorkFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  await using folder = await WorkFolder.create();
  return await use(folder.path);
}

const INPUT = { filename: "20260601-100000-000_ada.md", frontmatter: { score: 3 }, body: "notes" };

interface Call {
  command?: string[];
  timeoutMs?: number;
  memoryMb?: number;
  sandbox?: Sandbox;
  input?: Partial<typeof INPUT> & { submission_dir?: string };
}

/** Runs JavaScript as the evaluator: Node is what these tests surely have. */
async function evaluate(script: string, call: Call = {}): Promise<Evaluation> {
  return withWorkFolder(async (folder) => {
    await writeFile(join(folder, "evaluate.js"), script);
    return runEvaluator(
      {
        folder,
        command: call.command ?? [process.execPath, "evaluate.js"],
        timeoutMs: call.timeoutMs ?? 30_000,
        memoryMb: call.memoryMb ?? 1024,
        sandbox: call.sandbox ?? sandbox,
      },
      { ...INPUT, ...call.input },
    );
  });
}

const say = (verdict: object) => `console.log(${JSON.stringify(JSON.stringify(verdict))});`;
const PROLOGUE = "const input = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));";

describe("a verdict", () => {
  test("comes from what the evaluator was given", async () => {
    const script = `${PROLOGUE}
      const { filename, frontmatter, body, limits } = input;
      const ok = filename.endsWith("_ada.md") && body === "notes" && limits.seconds === 30;
      console.log(JSON.stringify({ verdict: ok && frontmatter.score === 3 ? "valid" : "invalid", reason: "looked" }));`;
    expect(await evaluate(script)).toEqual({
      ok: true,
      verdict: { verdict: "valid", reasonCode: null, reason: "looked", checks: [] },
    });
  });

  test("may come from a program of any language", async () => {
    const script = `read -r input; case "$input" in *'"score":3'*) echo '{"verdict": "valid"}';; *) exit 1;; esac`;
    const answer = await evaluate("", {
      command: ["/bin/sh", "-c", `cat > in; set -- in; exec < in; ${script}`],
    });
    expect(answer).toMatchObject({ ok: true, verdict: { verdict: "valid" } });
  });

  test.each([
    [
      "undecided",
      { verdict: "undecided", reason_code: "needs_submission" },
      { reasonCode: "needs_submission" },
    ],
    [
      "with details",
      { verdict: "invalid", details: { message: "No.", exact: "2.5", list: [1] } },
      { reason: "No. (exact: 2.5)" },
    ],
    ["invalid without a word", { verdict: "invalid" }, { reason: "The evaluator gave no reason." }],
    ["ok as its code", { verdict: "valid", reason_code: "ok" }, { reasonCode: null }],
  ])("%s", async (_name, verdict, expected) => {
    expect(await evaluate(`console.log("warming up"); ${say(verdict)}`)).toMatchObject({
      ok: true,
      verdict: { verdict: verdict.verdict, ...expected },
    });
  });

  test.each([
    ["", null],
    ["valid", null],
    ['{"verdict": "fine"}', null],
    ['{"verdict": "valid", "reason": 3}', null],
    ['{"verdict": "valid", "reason_code": "Not A Code"}', null],
    ['[{"verdict": "valid"}]', null],
    ['{"verdict": "valid"}\n', "valid"],
    ['{\n  "verdict": "invalid"\n}', "invalid"],
    ['noise\n{"verdict": "valid"}\n\n', "valid"],
    ['{"verdict": "invalid"}\n{"verdict": "valid"}', "valid"],
  ])("read from %j: %s", (output, expected) => {
    expect(readVerdict(output)?.verdict ?? null).toBe(expected);
  });

  test("has a bounded reason", () => {
    const reason = "x".repeat(100_000);
    expect(readVerdict(JSON.stringify({ verdict: "valid", reason }))?.reason).toHaveLength(2000);
  });
});

describe("an evaluator that", () => {
  test("hangs is ended, with what it started", async () => {
    const script = `require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit" }); setInterval(() => {}, 1000);`;
    expect(await evaluate(script, { timeoutMs: 1500 })).toMatchObject({ ok: false, failure: "timeout" });
  });

  test("leaves a child that holds its output: the verdict counts, the child is gone", async () => {
    const script = `require("node:child_process").spawn("sleep", ["600"], { stdio: "inherit", detached: true }).unref(); ${say({ verdict: "valid" })} process.exit(0)`;
    expect(await evaluate(script)).toMatchObject({ ok: true });
  });

  test("eats memory is ended", async () => {
    const script = `const kept = []; for (;;) kept.push(Buffer.alloc(16e6, 1));`;
    const answer = await evaluate(script, { memoryMb: 300 });
    expect(answer.ok).toBe(false);
    expect(["memory", "crashed"]).toContain(answer.ok ? "" : answer.failure);
  });

  test("prints 100 MB is ended", async () => {
    const script = `const chunk = "x".repeat(1e6); (function more(n) { if (n > 0) process.stdout.write(chunk, () => more(n - 1)); })(100);`;
    expect(await evaluate(script)).toMatchObject({ ok: false, failure: "output" });
  });

  test("prints garbage says nothing", async () => {
    expect(await evaluate(`process.stdout.write(Buffer.from([0, 255, 10, 123]));`)).toMatchObject({
      ok: false,
      failure: "garbage",
    });
  });

  test("crashes says nothing, whatever it printed before; its error is for the log", async () => {
    const script = `${say({ verdict: "valid" })} throw new Error("boom");`;
    const answer = await evaluate(script);
    expect(answer).toMatchObject({ ok: false, failure: "crashed" });
    expect(answer.ok ? "" : answer.why).toContain("boom");
  });

  test("is not there says nothing", async () => {
    expect(await evaluate("", { command: ["/nonexistent/program"] })).toMatchObject({
      ok: false,
      failure: "crashed",
    });
  });

  test("does not read its input gets no further for it", async () => {
    const body = "x".repeat(4e6);
    expect(await evaluate(say({ verdict: "valid" }), { input: { body } })).toMatchObject({ ok: true });
  });

  test("looks for a token finds none, and no other process", async () => {
    process.env.HF_TOKEN = "hf_local_secret";
    try {
      const script = `const fs = require("node:fs");
        const found = Object.entries(process.env).filter(([, value]) => value.includes("secret")).map(([key]) => key);
        const others = fs.readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length;
        console.log(JSON.stringify({ verdict: "valid", details: { found: found.join(), others, names: Object.keys(process.env).sort().join() } }));`;
      const answer = await evaluate(script);
      const reason = answer.ok ? answer.verdict.reason : "";
      expect(reason).toContain("(found: , ");
      expect(reason).toContain("names: HOME,LANG,");
      if (sandbox.processes.enforced) expect(Number(/others: (\d+)/.exec(reason)?.[1])).toBeLessThan(5);
    } finally {
      delete process.env.HF_TOKEN;
    }
  });

  test("opens a socket gets nowhere, where that can be enforced", async () => {
    const server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as { port: number };
      const script = `const socket = require("node:net").connect(${port}, "127.0.0.1");
        socket.on("connect", () => { console.log('{"verdict": "valid", "reason": "connected"}'); process.exit(); });
        socket.on("error", () => console.log('{"verdict": "valid", "reason": "no network"}'));`;
      const reason = async (call: Call) => {
        const answer = await evaluate(script, call);
        return answer.ok ? answer.verdict.reason : answer.why;
      };
      const open: Sandbox = {
        wrap: [],
        network: { enforced: false, by: "test" },
        processes: { enforced: false, by: "test" },
      };
      expect(await reason({ sandbox: open })).toBe("connected");
      if (sandbox.network.enforced) expect(await reason({})).toBe("no network");
    } finally {
      server.close();
    }
  });

  test("writes into its folder of temporary files leaves nothing there", async () => {
    const script = `require("node:fs").writeFileSync(require("node:path").join(process.env.HOME, "left"), "x");
      console.log(JSON.stringify({ verdict: "valid", reason: process.env.HOME }));`;
    const answer = await evaluate(script);
    const { access } = await import("node:fs/promises");
    await expect(access(answer.ok ? answer.verdict.reason : "/")).rejects.toThrow("ENOENT");
  });

  test("reads the submission", async () => {
    await withWorkFolder(async (folder) => {
      await mkdir(join(folder, "s"));
      await writeFile(join(folder, "s/circles.json"), "{}");
      await chmod(join(folder, "s"), 0o755);
      const script = `${PROLOGUE} console.log(JSON.stringify({ verdict: "valid", reason: require("node:fs").readFileSync(input.submission_dir + "/circles.json", "utf8") }));`;
      const answer = await evaluate(script, { input: { submission_dir: join(folder, "s") } });
      expect(answer).toMatchObject({ ok: true, verdict: { reason: "{}" } });
    });
  });
});
