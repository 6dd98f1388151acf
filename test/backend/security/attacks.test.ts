/**
 * The attacks that worked on the forerunner, each tried here (api-v1.md 12.1, W1 to W15, by their numbers).
 * W6 and W7 are about verification jobs; what concerns posting is here, the rest beside the jobs.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mentionsIn } from "../../../template/spaces/backend/documents/mentions.ts";
import { humanHandle, isHumanHandle } from "../../../template/spaces/backend/documents/naming.ts";
import { serialiseDocument } from "../../../template/spaces/backend/documents/serialise.ts";
import { mappingOf } from "../../../template/spaces/backend/documents/yaml-values.ts";
import { BackendUnderTest, type TestAgent, tokenOf } from "../../support/backend.ts";

let under: BackendUnderTest;
let victim: TestAgent;
let mallory: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: { board: { limits: { raw_messages_per_minute: 50, bucket_writes_burst: 50 } } },
  });
  victim = await under.agent("victim", "ada");
  mallory = await under.agent("mallory", "bob");
});
afterAll(() => under?.[Symbol.asyncDispose]());

/** Nothing that is tried here may leave a trace in the record. */
async function unchanged(attempt: () => Promise<unknown>): Promise<void> {
  const before = under.board.version;
  await attempt();
  expect(under.board.version).toBe(before);
}

async function listed(entries: AsyncIterable<{ path: string }>): Promise<string[]> {
  const paths: string[] = [];
  for await (const { path } of entries) paths.push(path);
  return paths;
}

/** How often the hub was asked for what the pattern names, since the last look. */
async function hubCalls(pattern: RegExp, of = under): Promise<number> {
  const log = `${of.localHub.url}/_emulator/requests`;
  const { requests } = (await (await fetch(`${log}?limit=1000`)).json()) as { requests: { path: string }[] };
  await fetch(log, { method: "DELETE" });
  return requests.filter(({ path }) => pattern.test(path)).length;
}

describe("W1: promoting somebody else's files", () => {
  const attempts: [string, (source: string) => unknown][] = [
    ["/v1/messages", (source) => ({ source })],
    ["/v1/results", (source) => ({ source })],
    ["/v1/artifacts:sync", () => ({ source: "hf://buckets/demo/gemma-victim", dest_slug: "loot" })],
    [
      "/v1/shared-resources:sync",
      () => ({ source: "hf://buckets/demo/gemma-victim", dest_path: "loot_victim" }),
    ],
    ["/v1/taskforces", (source) => ({ name: "loot", source })],
    ["/v1/traces", () => ({ source: "hf://buckets/demo/gemma-victim/traces/s" })],
    [
      "/v1/agents/register",
      (source) => ({ agent_id: "mallory", model: "m", harness: "h", force: true, bio_source: source }),
    ],
  ];

  test.each(attempts)("%s by nobody, by another agent, by another user", async (path, body) => {
    const source = await victim.upload("draft.md", "secret draft");
    await unchanged(async () => {
      expect((await under.post(path, body(source))).status).toBe(401);
      for (const token of [mallory.key, tokenOf("bob")]) {
        expect((await under.post(path, body(source), token)).status).toBeOneOf([401, 403]);
      }
    });
  });

  test("does not spend the victim's allowance", async () => {
    const source = await victim.upload("mine.md", "mine");
    for (let n = 0; n < 60; n += 1) await under.post("/v1/messages", { source }, mallory.key);
    expect((await under.post("/v1/messages", { source }, victim.key)).status).toBe(201);
  });

  test("does not make the victim's file count as promoted", async () => {
    const theirs = await victim.upload("same.md", "identical text");
    const mine = await mallory.upload("same.md", "identical text");
    expect((await under.post("/v1/messages", { source: mine }, mallory.key)).status).toBe(201);
    expect((await under.post("/v1/messages", { source: theirs }, victim.key)).status).toBe(201);
  });
});

describe("W2: posting as somebody else", () => {
  test.each([
    ["/v1/messages", { agent_id: "victim", body: "I give up", type: "verification" }],
    ["/v1/taskforces", { name: "squat", agent_id: "victim", body: "mine" }],
  ])("%s needs the agent's own proof", async (path, body) => {
    await unchanged(async () => {
      expect((await under.post(path, body)).status).toBe(401);
      expect((await under.post(path, body, mallory.key)).status).toBe(403);
      expect((await under.post(path, body, "ack_".padEnd(47, "A"))).status).toBe(403);
    });
  });

  test("the old key ends with a new registration", async () => {
    const agent = await under.agent("rotated", "cy");
    const again = await under.post(
      "/v1/agents/register",
      { agent_id: "rotated", model: "m", harness: "h", force: true },
      tokenOf("cy"),
    );
    expect(again.body.agent_key).not.toBe(agent.key);
    const post = (key: string) => under.post("/v1/messages", { agent_id: "rotated", body: "x" }, key);
    expect((await post(agent.key)).status).toBe(403);
    expect((await post(again.body.agent_key)).status).toBe(201);
  });

  test("nobody registers under a name the collab keeps, nor takes another's", async () => {
    const register = (id: string, user: string) =>
      under.post(
        "/v1/agents/register",
        { agent_id: id, model: "m", harness: "h", force: true },
        tokenOf(user),
      );
    for (const id of ["human", "human-ada", "main-bucket", "backend", "audit"])
      expect((await register(id, "bob")).body.error.code).toBe("INVALID_PATH");
    expect((await register("victim", "bob")).status).toBe(403);
  });
});

test("W3: a forged note in a taskforce is refused, and never counts as its alleged author's", async () => {
  await under.post("/v1/taskforces", { name: "forged", agent_id: "victim", body: "T" }, victim.key);
  const source = await mallory.upload("forged.md", "---\nagent: victim\nvia: bucket\n---\nlies");
  await unchanged(async () => {
    for (const dest of [
      "x_mallory/20990101-000000-000_victim.md",
      "20990101-000000-000_mallory.md",
      "notes_mallory/x_victim.md",
    ]) {
      const answer = await under.post(
        "/v1/taskforces/forged/files",
        { source, dest_path: dest },
        mallory.key,
      );
      expect(answer.body.error.code).toBe("INVALID_PATH");
    }
  });
  expect((await under.get("/v1/taskforces/forged")).body).toMatchObject({
    contributors: ["victim"],
    note_count: 0,
  });
});

test("W4: the marker has a boundary, and nothing lands beside the harness", async () => {
  const agent = await under.agent("pycache", "cy");
  const source = "hf://buckets/demo/gemma-pycache";
  await agent.upload("x.pyc", "code");
  await unchanged(async () => {
    for (const dest of ["x_pycacheabc.json", "harness/__pycache__/", "Harness/x_pycache"]) {
      expect(
        (await under.post("/v1/shared-resources:sync", { source, dest_path: dest }, agent.key)).body.error
          .code,
        dest,
      ).toBe("INVALID_PATH");
    }
  });
});

test("W5: neither inboxes nor copies reach beyond their folder", async () => {
  await under.agent("agent-1", "ada");
  const ten = await under.agent("agent-10", "ada");
  await under.say(mallory, "only for @agent-10");
  expect((await under.get("/v1/inbox/agent-1")).body.count).toBe(0);
  expect((await under.get("/v1/inbox/agent-10")).body.count).toBe(1);
  await ten.upload("exp/a", "1");
  await ten.upload("exp2/b", "2");
  const { body } = await under.post(
    "/v1/artifacts:sync",
    { source: "hf://buckets/demo/gemma-agent-10/exp", dest_slug: "e" },
    ten.key,
  );
  expect(body.files).toHaveLength(1);
});

test.each([".inf", "-.inf", ".nan", "1".repeat(400), "0", "-5", "true", '"5"'])(
  "W6: a score of %s is refused",
  async (score) => {
    const source = await mallory.upload(
      `score-${score.slice(0, 8)}.md`,
      `---\nscore: ${score}\nmethod: m\nstatus: agent-run\ndescription: d\n---\n`,
    );
    const answer = await under.post("/v1/results", { source }, mallory.key);
    expect([answer.status, answer.body.error.code]).toEqual([400, "INVALID_FRONTMATTER"]);
  },
);

describe("W8: strangers cannot make the backend ask the Hub", () => {
  test("reads and unknown names cost no Hub call", async () => {
    await hubCalls(/./);
    for (let n = 0; n < 20; n += 1) {
      await under.get(`/v1/inbox/human-stranger-${n}`);
      await under.get(`/v1/agents/stranger-${n}`);
      await under.get(`/v1/digest?as=stranger-${n}`);
      await under.get(`/v1/traces/stranger-${n}/s`);
      await under.post("/v1/messages", { agent_id: `stranger-${n}`, body: "x" });
      await under.post(
        "/v1/results",
        { source: `hf://buckets/demo/gemma-stranger-${n}/r.md` },
        "hf_local_nobody",
      );
      await under.post("/v1/messages", { agent_id: "victim", body: "x" });
    }
    expect(await hubCalls(/stranger|whoami/)).toBe(0);
  });

  test("made-up tokens are asked about only so often", async () => {
    const limits = { address_failures_per_minute: 30 };
    await using own = await BackendUnderTest.start({ collab: { board: { limits } } });
    await hubCalls(/./, own);
    const statuses = new Set<number>();
    for (let n = 0; n < 60; n += 1)
      statuses.add((await own.request("/v1/me", { token: `hf_made_up_${n}` })).status);
    expect([...statuses].sort()).toEqual([401, 429]);
    expect(await hubCalls(/whoami/, own)).toBeLessThanOrEqual(40);
  });

  test("a taskforce's file is fetched once, and not without end", async () => {
    await under.post("/v1/taskforces", { name: "files", agent_id: "mallory", body: "T" }, mallory.key);
    await hubCalls(/./);
    for (let n = 0; n < 20; n += 1) await under.get("/v1/taskforces/files/files/README.md");
    expect(await hubCalls(/taskforces/)).toBeLessThanOrEqual(3);
  });
});

describe("W9: sizes are bounded", () => {
  test("a large file is refused, not read", async () => {
    const source = await mallory.upload("large.md", "x".repeat(300_000));
    expect((await under.post("/v1/messages", { source }, mallory.key)).body.error.code).toBe("TOO_LARGE");
  });

  const bomb = [
    "a: &a [x,x,x,x,x,x,x,x,x]",
    ...[..."bcdefgh"].map((c, n) => `${c}: &${c} [${`*${"abcdefg"[n]},`.repeat(9).slice(0, -1)}]`),
  ].join("\n");
  test.each([
    ["an alias bomb", bomb],
    ["deep nesting", `a: ${"[".repeat(5000)}${"]".repeat(5000)}`],
    ["a self-reference", "a: &a [*a]"],
    ["a key that is no text", "? [1, 2]\n: x"],
    ["bad binary", "a: !!binary //79"],
    ["an impossible date", "a: 2026-13-45"],
    ["an endless integer", `a: ${"9".repeat(5000)}`],
    ["a code tag", "a: !!python/object/apply:os.system ['id']"],
  ])("%s in frontmatter is 400", async (_name, yaml) => {
    const source = await mallory.upload("bomb.md", `---\n${yaml}\n---\nx`);
    const answer = await under.post("/v1/messages", { source }, mallory.key);
    expect([answer.status, answer.body.error.code]).toEqual([400, "INVALID_FRONTMATTER"]);
  });

  test("deeply nested JSON is an answer, not a crash", async () => {
    const answer = await under.post(
      "/v1/messages",
      `{"agent_id":"victim","body":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    );
    expect(answer.status).toBe(422);
    expect((await under.get("/v1/healthz")).status).toBe(200);
  });
});

test("W10: one poisoned file in the bucket breaks no page", async () => {
  await using own = await BackendUnderTest.start();
  const good = await own.agent("good");
  await own.result(good, 2);
  const poison = [
    "---\n1: x\non: y\n---\nb",
    "---\na: &a [*a]\n---\nb",
    "---\na: !!binary //79\n---\nb",
    `---\nscore: ${"9".repeat(400)}\nstatus: agent-run\n---\n`,
    "---\nscore: .inf\nstatus: agent-run\n---\n",
    "---\nscore: .nan\nstatus: agent-run\ncost_usd: .nan\n---\n",
    "---\n__proto__: {polluted: true}\nconstructor: x\n---\nb",
    "---\na: [1\n---\nb",
    "\ufeff---\na: 1\n---\nb",
  ];
  own.board.applyFound(
    poison.flatMap((text, n) =>
      [
        `message_board/20260601-10000${n}-000_x.md`,
        `results/20260601-10000${n}-000_x.md`,
        `inbox/good/20260601-10000${n}-000_x.md`,
        `traces/x/s${n}/manifest.md`,
        `taskforces/t${n}/README.md`,
        `agents/p${n}.md`,
      ].map((path) => ({ path, text, size: text.length })),
    ),
  );
  for (const path of [
    "/v1/messages?expand=true",
    "/v1/results?expand=true",
    "/v1/digest?as=good",
    "/v1/leaderboard",
    "/v1/inbox/good?expand=true",
    "/v1/agents?expand=true",
    "/v1/taskforces",
    "/v1/traces?expand=true",
    "/v1/stats",
    "/v1/messages?q=x",
    "/",
  ]) {
    expect((await own.get(path)).status, path).toBe(200);
  }
  const { body } = await own.get("/v1/leaderboard");
  expect(body.rows.map((row: { agent: string }) => row.agent)).toEqual(["good"]);
  expect((await own.get("/v1/stats")).body.cost_usd).toBeNull();
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test("W11: nothing a participant uploads runs in the API's origin", async () => {
  await under.post("/v1/taskforces", { name: "active", agent_id: "mallory", body: "T" }, mallory.key);
  for (const extension of ["html", "svg", "js", "xhtml", "htm", "mjs", "xml"]) {
    const source = await mallory.upload(`active.${extension}`, "<script>alert(1)</script>");
    const dest = `active_mallory.${extension}`;
    expect(
      (await under.post("/v1/taskforces/active/files", { source, dest_path: dest }, mallory.key)).status,
    ).toBe(201);
    const { headers } = await under.get(`/v1/taskforces/active/files/${dest}`);
    expect(headers.get("content-type"), extension).toMatch(/^text\/plain/);
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toContain("sandbox");
  }
});

test("W12: what the API refused is nowhere, and no address leads away from here", async () => {
  const files = async () => (await listed(under.central.list("message_board"))).length;
  const before = await files();
  await under.post("/v1/messages", { agent_id: "human-ada", body: "forged" }, tokenOf("bob"));
  await under.post("/v1/messages", { agent_id: "human-bob", body: "x", broadcast: true }, tokenOf("bob"));
  expect(await files()).toBe(before);
  for (const path of ["/login?next=//evil.example", "//evil.example/", "/v1/messages/?next=//evil.example"]) {
    expect((await under.get(path)).headers.get("location"), path).toBeNull();
  }
});

describe("W13: who is who", () => {
  test("only members of the organisation register", async () => {
    await fetch(`${under.localHub.url}/_emulator/users`, {
      method: "POST",
      body: JSON.stringify({ name: "outsider" }),
    });
    await under.scratch("planted", "ada");
    await under
      .hubAs("ada")
      .bucket("demo/gemma-planted")
      .write([{ path: ".bucket-sync-handshake", content: "outsider" }]);
    const answer = await under.post(
      "/v1/agents/register",
      { agent_id: "planted", model: "m", harness: "h" },
      tokenOf("outsider"),
    );
    expect([answer.status, answer.body.error.code]).toEqual([403, "IDENTITY_MISMATCH"]);
  });

  test("an address that a client writes into a header is not believed", async () => {
    await under.request("/v1/messages", {
      json: { agent_id: "mallory", body: "from afar" },
      token: mallory.key,
      headers: { "x-forwarded-for": "10.1.2.3" },
    });
    await under.restart();
    const journal = await Promise.all(
      (await listed(under.hubAs("organizer").bucket(under.backend.names.auditBucket).list())).map((path) =>
        under.hubAs("organizer").bucket(under.backend.names.auditBucket).readText(path),
      ),
    );
    expect(journal.join("")).not.toContain("10.1.2.3");
  });
});

test("W14: a private collab is for its members", async () => {
  await using own = await BackendUnderTest.start({ privateBucket: true });
  const agent = await own.agent("a");
  await own.say(agent, "confidential");
  for (const path of [
    "/v1/messages?expand=true",
    "/v1/digest",
    "/v1/leaderboard",
    "/v1/events",
    "/v1/changes",
    "/v1/agents",
  ]) {
    expect((await own.get(path)).status, path).toBe(401);
    expect((await own.request(path, { token: "hf_local_nobody" })).status, path).toBe(401);
  }
  await fetch(`${own.localHub.url}/_emulator/users`, {
    method: "POST",
    body: JSON.stringify({ name: "outsider" }),
  });
  expect((await own.request("/v1/messages", { token: tokenOf("outsider") })).status).toBe(403);
  const read = await own.request("/v1/messages?expand=true", { token: tokenOf("cy") });
  expect(read.body.items).toMatchObject([{ body: "confidential" }]);
  expect((await own.get("/v1/messages?expand=true")).status).toBe(401);
  expect((await own.get("/")).body).not.toContain("confidential");
  expect((await own.get("/v1/healthz")).status).toBe(200);
});

test("W15: every user name has a handle, and no two share one", () => {
  const names = ["foo", "foo-bar", "foo_bar", "foo.bar", "Foo_Bar2", "foo--bar", "x".repeat(42), "_", "é"];
  const handles = names.map(humanHandle);
  expect(new Set(handles).size).toBe(names.length);
  for (const handle of handles) {
    expect(mentionsIn(`hello @${handle}, and`)).toEqual([handle]);
    expect(isHumanHandle(handle)).toBe(true);
  }
  expect(humanHandle("Foo-Bar")).toBe("human-foo-bar");
});

test("what YAML holds is written back as data, whatever it looks like", () => {
  const text = serialiseDocument(
    mappingOf({ agent: "a", note: "--- \nagent: victim" }),
    "---\nagent: victim\n---",
  );
  expect(text.match(/^agent: /gm)).toHaveLength(2);
});
