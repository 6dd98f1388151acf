/**
 * Every call to the Hub that the API's requests make x every way a call can fail: what is acknowledged is there
 * once, what is not is refused with a clear error, and asking again with the same Idempotency-Key puts it right.
 * Which calls there are is not listed here but seen: each request is made once without faults.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import { type ApiAnswer, BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";
import { addFault, type Fault, liftFaults, PASSING_FAULTS, ruleOf } from "../../support/hub-faults.ts";

const ENTRY_FAULT = "is accepted, but some of its entries fail";
/** Beyond what the client repeats by itself, so that callers meet it too. */
const TIMES = 3;
const ATTEMPTS = 2;
/** Hundreds of requests one after the other. */
const LONG_MS = 300_000;

let under: BackendUnderTest;
let alice: TestAgent;
/** Calls of the backend since the last look, as glob patterns. */
let calls: { method: string; path: string }[] = [];

/** One request; `n` makes it another one each time. What it needs is uploaded before the fault. */
interface Step {
  prepare(n: number): Promise<{ path: string; json?: unknown; token?: string }>;
  /** Throws unless what the answer says is there, once. */
  check(answer: ApiAnswer, n: number): Promise<void>;
}

const RESULT = (n: number) =>
  `---\nscore: ${n}\nmethod: m\nstatus: agent-run\ndescription: unique-${n}\n---\nunique-${n}\n`;

/** The API shows it once, and the bucket holds no more than the API shows. */
async function expectOnce(folder: string, filename: string, text: string): Promise<void> {
  const { body } = await under.get(`/v1/${folder}?limit=0&q=${encodeURIComponent(text)}`);
  expect(body.items).toEqual([filename]);
  const bucketFolder = folder === "messages" ? "message_board" : folder;
  const paths: string[] = [];
  for await (const { path } of under.central.list(bucketFolder)) if (path.endsWith(".md")) paths.push(path);
  expect(paths).toContain(`${bucketFolder}/${filename}`);
  expect(paths).toHaveLength(body.count);
}

async function freshToken(user: string): Promise<string> {
  const answer = await fetch(`${under.localHub.url}/_emulator/tokens`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user }),
  });
  return ((await answer.json()) as { token: string }).token;
}

const STEPS: Record<string, Step> = {
  "a message with its text": {
    prepare: async (n) => ({
      path: "/v1/messages",
      json: { agent_id: "alice", body: `unique-${n}` },
      token: alice.key,
    }),
    check: (answer, n) => expectOnce("messages", answer.body.filename, `unique-${n}`),
  },
  "a message from a bucket": {
    prepare: async (n) => ({
      path: "/v1/messages",
      json: { source: await alice.upload(`m-${n}.md`, `unique-${n}\n`) },
      token: alice.key,
    }),
    check: (answer, n) => expectOnce("messages", answer.body.filename, `unique-${n}`),
  },
  "a result": {
    prepare: async (n) => ({
      path: "/v1/results",
      json: { source: await alice.upload(`r-${n}.md`, RESULT(n)) },
      token: alice.key,
    }),
    check: (answer, n) => expectOnce("results", answer.body.filename, `unique-${n}`),
  },
  "a human's broadcast": {
    prepare: async (n) => ({
      path: "/v1/messages",
      json: { agent_id: "human-organizer", body: `unique-${n}`, broadcast: true },
      token: await freshToken("organizer"),
    }),
    check: (answer, n) => expectOnce("messages", answer.body.filename, `unique-${n}`),
  },
  "a registration": {
    async prepare(n) {
      const scratch = await under.scratch(`new-${n}`, "bob");
      const bio_source = await scratch.upload("bio.md", `unique-${n}\n`);
      const json = { agent_id: `new-${n}`, model: "m", harness: "h", bio_source, force: true };
      return { path: "/v1/agents/register", json, token: tokenOf("bob") };
    },
    async check(answer, n) {
      expect((await under.get(`/v1/agents/new-${n}`)).body.bio).toBe(`unique-${n}`);
      const json = { agent_id: `new-${n}`, body: "the key works" };
      expect((await under.post("/v1/messages", json, answer.body.agent_key)).status).toBe(201);
    },
  },
  "a taskforce's file": {
    prepare: async (n) => ({
      path: "/v1/taskforces/faults/files",
      json: { source: await alice.upload(`f-${n}.txt`, `unique-${n}`), dest_path: `f-${n}_alice.txt` },
      token: alice.key,
    }),
    async check(answer, n) {
      expect(await under.central.readText(answer.body.path)).toBe(`unique-${n}`);
    },
  },
  "reading a taskforce's file": {
    async prepare(n) {
      const source = await alice.upload(`g-${n}.txt`, `unique-${n}`);
      const json = { source, dest_path: `g-${n}_alice.txt` };
      const { status } = await under.post("/v1/taskforces/faults/files", json, alice.key);
      expect(status).toBe(201);
      return { path: `/v1/taskforces/faults/files/g-${n}_alice.txt` };
    },
    async check(answer, n) {
      expect(answer.body).toBe(`unique-${n}`);
    },
  },
  "a sync of artifacts": {
    async prepare(n) {
      const source = await alice.upload(`set-${n}/a.txt`, `unique-${n}`);
      await alice.upload(`set-${n}/b.txt`, "b");
      const json = { source: source.slice(0, source.lastIndexOf("/")), dest_slug: `set-${n}` };
      return { path: "/v1/artifacts:sync", json, token: alice.key };
    },
    async check(answer, n) {
      expect(answer.body.files).toHaveLength(2);
      expect(await under.central.readText(`artifacts/set-${n}_alice/a.txt`)).toBe(`unique-${n}`);
    },
  },
  "a full trace": {
    async prepare(n) {
      const manifest = `---\nschema_version: 1\nharness: h\nsession_id: s-${n}\nnative_log_file: log.jsonl\n---\nunique-${n}\n`;
      await alice.upload(`traces/s-${n}/log.jsonl`, `unique-${n}`);
      const source = await alice.upload(`traces/s-${n}/manifest.md`, manifest);
      const json = { source: source.slice(0, source.lastIndexOf("/")), share: "full" };
      return { path: "/v1/traces", json, token: alice.key };
    },
    async check(_answer, n) {
      expect(await under.central.readText(`traces/alice/s-${n}/log.jsonl`)).toBe(`unique-${n}`);
      const { body } = await under.get(`/v1/traces/alice/s-${n}`);
      expect(body.body).toBe(`unique-${n}`);
    },
  },
};

/** A call as a pattern for the hub's fault rules: what differs from one to the next is left open. */
function patternOf(path: string): string {
  const { pathname } = new URL(path, "http://hub");
  const { centralBucket, auditBucket } = under.backend.names;
  const resolve = /^(\/buckets\/[^/]+\/[^/]+\/resolve)\//.exec(pathname);
  const own = [centralBucket, auditBucket].some((id) => pathname.includes(`/${id}/`));
  const open = (text: string) => (own ? text : text.replace(/\/demo\/gemma-[a-z0-9-]+/, "/demo/gemma-*"));
  if (resolve) return `${open(resolve[1] ?? "")}/**`;
  if (pathname.includes("/xet/"))
    return pathname.replace(/\/[0-9a-f]{64}/g, "/*").replace(/\/default\//, "/*/");
  return open(pathname).replace(/\/tree\/.*/, "/tree/**");
}

/** The calls since the last look, each kind once. */
function callsSoFar(): string[] {
  const seen = calls.map(({ method, path }) => `${method} ${patternOf(path)}`);
  calls = [];
  return [...new Set(seen)];
}

const fault = (rule: Fault) => addFault(under.localHub.url, rule);
const liftAll = () => liftFaults(under.localHub.url);

beforeAll(async () => {
  under = await BackendUnderTest.start({
    start: { recordLimits: { firstWaitMs: 5, longestWaitMs: 50, leasePollMs: 20 } },
    hubOf: (endpoint) =>
      createHub({
        endpoint,
        token: tokenOf("organizer"),
        attempts: ATTEMPTS,
        sleep: () => Promise.resolve(),
        onCall: ({ method, path }) => calls.push({ method, path }),
      }),
  });
  alice = await under.agent("alice", "ada");
  await under.post("/v1/taskforces", { name: "faults", agent_id: "alice", body: "T" }, alice.key);
});
afterEach(liftAll);
afterAll(() => under?.[Symbol.asyncDispose]());

let counter = 0;

/** Asks until it is acknowledged, as a patient client does. Returns the answers on the way, the good one last. */
async function insist(request: { path: string; json?: unknown; token?: string }, key: string) {
  const answers: ApiAnswer[] = [];
  for (;;) {
    const { path, ...rest } = request;
    const answer = await under.request(path, { ...rest, headers: { "idempotency-key": key } });
    answers.push(answer);
    if (answer.status < 400) return answers;
    expect(answer, `answer ${answers.length}`).toMatchObject({
      status: 503,
      body: { error: { code: expect.stringMatching(/^(HUB_UNAVAILABLE|ORGANIZER_CHECK_UNAVAILABLE)$/) } },
    });
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(answers.length).toBeLessThan(2 * TIMES + 2);
  }
}

describe.each(Object.entries(STEPS))("%s", (name, step) => {
  test("survives every fault of every call it makes", { timeout: LONG_MS }, async () => {
    counter += 1;
    const first = await step.prepare(counter);
    callsSoFar();
    const [plain] = await insist(first, `${name} ${counter}`);
    const seen = callsSoFar();
    expect(seen.length).toBeGreaterThan(0);
    await step.check(plain as ApiAnswer, counter);
    for (const call of seen) {
      const { method, path } = ruleOf(call);
      const faults = path.endsWith("/batch")
        ? { ...PASSING_FAULTS, [ENTRY_FAULT]: { kind: "batch_entry" } as const }
        : PASSING_FAULTS;
      for (const [what, rule] of Object.entries(faults)) {
        counter += 1;
        const n = counter;
        const request = await step.prepare(n);
        const isEntry = rule.kind === "batch_entry";
        await fault({ ...rule, path, ...(isEntry ? {} : { method }), count: TIMES });
        const answers = await insist(request, `${name} ${n}`).catch((error: Error) => {
          throw new Error(`${call} ${what}: ${error.message}`, { cause: error });
        });
        await liftAll();
        await step.check(answers.at(-1) as ApiAnswer, n).catch((error: Error) => {
          throw new Error(`${call} ${what}: ${error.message}`, { cause: error });
        });
      }
    }
  });
});

test("a restart survives every fault of every call it makes", { timeout: LONG_MS }, async () => {
  const said = [await under.say(alice, "before any restart")];
  callsSoFar();
  await under.restart();
  const seen = callsSoFar();
  expect(seen.length).toBeGreaterThan(5);
  for (const call of seen) {
    const { method, path } = ruleOf(call);
    for (const [what, rule] of Object.entries(PASSING_FAULTS)) {
      await fault({ ...rule, path, method, count: ATTEMPTS });
      await under.restart().catch((error: Error) => {
        throw new Error(`${call} ${what}: ${error.message}`, { cause: error });
      });
      await liftAll();
      said.push(await under.say(alice, `after ${call} ${what}`));
    }
  }
  const { body } = await under.get("/v1/messages?limit=0&agent=alice");
  expect(body.items).toEqual(expect.arrayContaining(said));
  const texts = await under.get(`/v1/messages?limit=0&q=${encodeURIComponent("after GET")}`);
  expect(texts.body.matched).toBe(said.filter((_, n) => n > 0 && seenText(n).startsWith("after GET")).length);

  /** What the nth message of this test said. */
  function seenText(n: number): string {
    const faults = Object.keys(PASSING_FAULTS);
    return `after ${seen[Math.floor((n - 1) / faults.length)]} ${faults[(n - 1) % faults.length]}`;
  }
});
