/** `share_trace.py` with a real python3 and a real `hf`, against a real backend on a local hub. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BackendUnderTest, type TestAgent, tokenOf } from "../support/backend.ts";
import { Participant } from "../support/hf-cli.ts";

const CLIENT = resolve(import.meta.dirname, "../../template/bucket/clients/share_trace.py");
/** Of no service, in the form that each uses. */
const SECRETS = {
  hub: `hf_${"Ab1".repeat(11)}`,
  agent: `ack_${"c".repeat(43)}`,
  openai: `sk-proj-${"d4".repeat(20)}`,
  anthropic: `sk-ant-api03-${"e5".repeat(20)}`,
  github: `ghp_${"f6".repeat(18)}`,
  aws: "AKIAABCDEFGHIJKLMNOP",
  jwt: `eyJ${"g".repeat(20)}.eyJ${"h".repeat(20)}.${"i".repeat(30)}`,
  environment: "correct horse battery",
  password: "hunter2hunter2",
};

let under: BackendUnderTest;
let agent: TestAgent;
let ada: Participant;
let work: string;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  agent = await under.agent("ada-one", "ada");
  ada = await Participant.create(under.localHub.url, tokenOf("ada"));
  work = join(ada.home, "work");
  await mkdir(work);
  await cp(CLIENT, join(work, "share_trace.py"));
});
afterAll(async () => {
  await ada?.[Symbol.asyncDispose]();
  await under?.[Symbol.asyncDispose]();
});

const share = (args: string, env = "") =>
  ada.bash(
    `cd ${work}; export AGENT_ID=ada-one API=${under.url} AGENT_KEY=${agent.key} ${env}\npython3 share_trace.py ${args}`,
  );

async function log(path: string, records: unknown[]): Promise<string> {
  const file = join(ada.home, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
  return file;
}

const folderName = () => work.replaceAll(/[^A-Za-z0-9]/g, "-");
const usage = {
  input_tokens: 10,
  output_tokens: 5,
  cache_read_input_tokens: 100,
  cache_creation_input_tokens: 20,
};
const claudeLog = (id: string, extra: unknown[] = []) =>
  log(`.claude/projects/${folderName()}/${id}.jsonl`, [
    {
      type: "user",
      sessionId: id,
      timestamp: "2026-06-01T10:00:00.000Z",
      version: "2.0.1",
      message: { role: "user", content: "go" },
    },
    // The same answer, written once a part: its tokens count once.
    ...["text", "tool_use"].map((type) => ({
      type: "assistant",
      sessionId: id,
      timestamp: "2026-06-01T10:00:09.000Z",
      message: { id: "m1", model: "claude-x", usage, content: [{ type, id: "t1", name: "bash" }] },
    })),
    {
      type: "assistant",
      sessionId: id,
      timestamp: "2026-06-01T12:30:00.000Z",
      message: { id: "m2", model: "claude-x", usage, content: [] },
    },
    ...extra,
  ]);

/** The frontmatter that a dry run shows. */
function manifestIn(stdout: string) {
  return JSON.parse(/^---\n([\s\S]*?)\n---/.exec(stdout)?.[1] ?? "null");
}

describe("a session of Claude Code", () => {
  test("is found by the folder, and shared with its numbers", async () => {
    await claudeLog("s-numbers");
    const done = await share(
      "--summary 'FP8 was slower; see the notes.' --result 20260601-100000-000_ada-one.md",
    );
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect(done.stdout).toContain(`Shared: ${under.url}/v1/traces/ada-one/s-numbers`);
    const { body } = await under.get("/v1/traces/ada-one/s-numbers");
    expect(body.frontmatter).toMatchObject({
      schema_version: 1,
      adapter_version: 1,
      harness: "claude-code",
      session_id: "s-numbers",
      model: "claude-x",
      started_at: "2026-06-01T10:00:00Z",
      ended_at: "2026-06-01T12:30:00Z",
      result_ref: "20260601-100000-000_ada-one.md",
      usage: {
        total_tokens: 270,
        input_tokens: 20,
        output_tokens: 10,
        cache_read_tokens: 200,
        cache_creation_tokens: 40,
      },
      activity: { tool_calls: 1 },
      extensions: { harness_version: "2.0.1" },
      completeness: "full",
      share: "stats",
    });
    expect(body.body).toBe("FP8 was slower; see the notes.");
    expect(body.log_files).toEqual([]);
    expect((await under.get("/v1/stats")).body.tokens.total).toBe(270);
  });

  test("is shared whole with --full, and again, without one secret", async () => {
    const { environment, password, ...tokens } = SECRETS;
    const said = [
      ...Object.values(tokens).map((secret) => `export KEY=${secret}; curl -H 'x: ${secret}'`),
      `echo ${environment}`,
      `{"password": "${password}"} postgres://ada:${password}@db/x Authorization: Bearer ${"j7".repeat(12)}`,
      "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
      `cat ${ada.home}/notes.md`,
    ];
    await claudeLog("s-full", [
      { type: "user", sessionId: "s-full", message: { role: "user", content: said.join("\n") } },
      ...said.map((text) => ({
        type: "user",
        sessionId: "s-full",
        toolUseResult: text,
        also: JSON.stringify({ text }),
      })),
    ]);
    const env = `MY_SECRET='${environment}'`;
    for (const _ of [1, 2]) {
      const done = await share("--full", env);
      expect(done, done.stderr).toMatchObject({ code: 0 });
      expect(done.stdout).toContain(
        `Log: ${under.localHub.url}/buckets/${under.backend.names.centralBucket}/traces/ada-one/s-full/s-full.jsonl`,
      );
    }
    const { body } = await under.get("/v1/traces/ada-one/s-full");
    expect(body.frontmatter).toMatchObject({ share: "full", native_log_file: "s-full.jsonl" });
    expect(body.frontmatter.extensions.redactions.token).toBeGreaterThan(6);
    expect(body.log_files).toEqual(["traces/ada-one/s-full/s-full.jsonl"]);
    const text = (await under.central.readText("traces/ada-one/s-full/s-full.jsonl")) ?? "";
    for (const [kind, secret] of Object.entries(SECRETS)) expect(text.includes(secret), kind).toBe(false);
    for (const secret of ["MIIEabc", "j7j7", ada.home, agent.key, tokenOf("ada")])
      expect(text).not.toContain(secret);
    // What is left is still the log: JSON in every line, the words that were no secret.
    const lines = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).toHaveLength(4 + 1 + said.length);
    expect(text).toContain("curl -H");
    expect(text).toContain("~/notes.md");
  });

  test("a dry run shows the bundle and leaves nothing anywhere", async () => {
    await claudeLog("s-dry");
    const done = await share("--dry-run --full");
    expect(done).toMatchObject({ code: 0 });
    expect(manifestIn(done.stdout)).toMatchObject({ session_id: "s-dry", native_log_file: "s-dry.jsonl" });
    expect(done.stdout).toContain("nothing was written or sent");
    expect((await under.get("/v1/traces/ada-one/s-dry")).status).toBe(404);
    const bucket = under.hubAs("ada").bucket(agent.bucket);
    expect((await bucket.stat(["traces/s-dry/manifest.md"])).size).toBe(0);
  });

  test("of another folder is never picked by itself", async () => {
    await mkdir(join(ada.home, "elsewhere"), { recursive: true });
    const done = await share(`--folder ${join(ada.home, "elsewhere")}`);
    expect(done.code).toBe(1);
    expect(done.stderr).toMatch(/error: No session log .*elsewhere\.\nfix: .*--session FILE/);
  });
});

describe("other logs", () => {
  test("Codex: counters of the session's end, cached input apart", async () => {
    const file = await log(".codex/sessions/2026/06/01/rollout-2026-06-01-abc.jsonl", [
      {
        timestamp: "2026-06-01T09:00:00Z",
        type: "session_meta",
        payload: { id: "abc", cwd: work, cli_version: "0.50.0" },
      },
      { timestamp: "2026-06-01T09:00:01Z", type: "turn_context", payload: { model: "gpt-x" } },
      {
        timestamp: "2026-06-01T09:00:02Z",
        type: "response_item",
        payload: { type: "function_call", name: "shell" },
      },
      { timestamp: "2026-06-01T09:00:02Z", type: "response_item", payload: { type: "function_call_output" } },
      ...[100, 300].map((total) => ({
        timestamp: "2026-06-01T09:10:00Z",
        type: "event_msg",
        payload: {
          type: "token_count",
          info: {
            total_token_usage: {
              input_tokens: total - 50,
              cached_input_tokens: 30,
              output_tokens: 50,
              reasoning_output_tokens: 20,
              total_tokens: total,
            },
          },
        },
      })),
    ]);
    for (const args of ["--harness codex", `--session ${file}`]) {
      const done = await share(`--dry-run ${args}`);
      expect(manifestIn(done.stdout), done.stderr).toMatchObject({
        harness: "codex",
        session_id: "abc",
        model: "gpt-x",
        usage: {
          input_tokens: 220,
          cache_read_tokens: 30,
          output_tokens: 50,
          reasoning_tokens: 20,
          total_tokens: 300,
        },
        activity: { tool_calls: 1 },
      });
    }
    const done = await share("--harness codex");
    expect(done, done.stderr).toMatchObject({ code: 0 });
    expect((await under.get("/v1/traces/ada-one/abc")).body.frontmatter.completeness).toBe("full");
  });

  test("Gemini CLI: one document with its messages", async () => {
    const file = join(work, "session-1.json");
    const tokens = { input: 50, output: 7, cached: 10, thoughts: 3, tool: 0, total: 60 };
    await writeFile(
      file,
      JSON.stringify({
        sessionId: "gem",
        startTime: "2026-06-01T10:00:00Z",
        lastUpdated: "2026-06-01T11:00:00Z",
        messages: [
          { type: "user" },
          { type: "gemini", model: "gemini-x", tokens, toolCalls: [{}, {}] },
          { type: "gemini", tokens },
        ],
      }),
    );
    const done = await share(`--dry-run --session ${file}`);
    expect(manifestIn(done.stdout), done.stderr).toMatchObject({
      harness: "gemini-cli",
      usage: {
        input_tokens: 80,
        cache_read_tokens: 20,
        output_tokens: 14,
        reasoning_tokens: 6,
        total_tokens: 120,
      },
      activity: { tool_calls: 2 },
    });
  });

  test("any other harness: usage objects wherever they are, broken lines skipped", async () => {
    const file = join(work, "my log.jsonl");
    const record = {
      created: 1780308000,
      model: "m",
      choices: [{ message: { tool_calls: [{}, {}] } }],
      usage: { prompt_tokens: 9, completion_tokens: 1 },
    };
    await writeFile(file, `${JSON.stringify(record)}\n{"cut off\n${JSON.stringify({ response: record })}\n`);
    const done = await share(`--session '${file}' --harness my-agent --full`);
    expect(done, done.stderr).toMatchObject({ code: 0 });
    const { body } = await under.get("/v1/traces/ada-one/my-log");
    expect(body.frontmatter).toMatchObject({
      harness: "my-agent",
      completeness: "partial",
      usage: { total_tokens: 20, input_tokens: 18, output_tokens: 2 },
      activity: { tool_calls: 4 },
      native_log_file: "my-log.jsonl",
      started_at: "2026-06-01T10:00:00Z",
    });
  });

  test("a log without numbers is shared with what is known, nothing made up", async () => {
    const file = join(work, "plain.txt");
    await writeFile(file, "just text\n");
    const done = await share(`--dry-run --session ${file}`);
    expect(manifestIn(done.stdout)).toEqual({
      schema_version: 1,
      adapter_version: 1,
      harness: "other",
      session_id: "plain",
    });
  });
});

describe("what goes wrong is said with what to do", () => {
  test.each([
    ["no agent id", "", "AGENT_ID=", 2, /No agent id/],
    ["no such file", "--session nowhere.jsonl", "", 2, /There is no file nowhere\.jsonl/],
    ["a flag that is none", "--dry", "API=", 2, /unrecognized arguments: --dry/],
    ["a backend that is not there", "", "API=http://127.0.0.1:9", 1, /cannot be reached/],
    ["a wrong key", "", `AGENT_KEY=ack_${"x".repeat(43)}`, 1, /403\. IDENTITY_MISMATCH/],
    [
      "somebody else's bucket",
      "",
      "AGENT_ID=nobodys-agent",
      1,
      /Uploading hf:\/\/buckets\/demo\/gemma-nobodys-agent\S+ failed/,
    ],
    ["a key over plain http", "--org demo --slug gemma", "API=http://collab.invalid", 1, /is not https/],
  ])("%s", async (_name, args, env, code, message) => {
    await claudeLog("s-wrong");
    const done = await share(args, env);
    expect(done.code, done.stderr).toBe(code);
    expect(done.stdout + done.stderr).toMatch(message);
    expect(done.stderr).not.toContain("Traceback");
    expect(done.stdout + done.stderr).not.toContain(agent.key);
  });

  test("without the hf command it says how to get it", async () => {
    await claudeLog("s-no-hf");
    const done = await ada.bash(
      `cd ${work}; python=$(command -v python3); mkdir -p bin; export AGENT_ID=ada-one API=${under.url} PATH=${work}/bin\n"$python" share_trace.py`,
    );
    expect([done.code, done.stderr]).toEqual([1, expect.stringContaining("pip install -U huggingface_hub")]);
  });

  test("the key that registration wrote to a file works, and so does the owner's token", async () => {
    await claudeLog("s-key");
    await writeFile(join(ada.home, ".gemma-ada-one.json"), JSON.stringify({ agent_key: agent.key }));
    const byFile = await share("", "AGENT_KEY=");
    expect(byFile, byFile.stderr).toMatchObject({ code: 0 });
    await writeFile(join(ada.home, ".gemma-ada-one.json"), "{}");
    const byToken = await share("", "AGENT_KEY=");
    expect(byToken, byToken.stderr).toMatchObject({ code: 0 });
  });
});
