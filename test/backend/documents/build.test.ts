import { describe, expect, test } from "vitest";
import { parseDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { buildMessage, type MessageInput } from "../../../template/spaces/backend/documents/message.ts";
import { buildRegistration } from "../../../template/spaces/backend/documents/registration.ts";
import { buildResult } from "../../../template/spaces/backend/documents/result.ts";
import {
  buildTaskforceNote,
  buildTaskforceReadme,
} from "../../../template/spaces/backend/documents/taskforce.ts";
import { buildTrace, checkManifest } from "../../../template/spaces/backend/documents/trace.ts";
import { mappingOf } from "../../../template/spaces/backend/documents/yaml-values.ts";
import type { FileChange } from "../../../template/spaces/backend/record/types.ts";

const STAMP = Date.UTC(2026, 5, 1, 10, 0, 0, 6);
const NAME = "20260601-100000-006";
const delivery = { isRegistered: (id: string) => ["a", "b"].includes(id), cap: 10 };
const message = (input: MessageInput) => buildMessage(input, STAMP, delivery);
const textOf = ({ changes }: { changes: FileChange[] }) => (changes[0]?.op === "put" ? changes[0].text : "");

describe("messages (api-v1.md 2.5)", () => {
  test("a raw message is the example of the specification", () => {
    const built = message({ kind: "raw", author: "a", body: "hi @b", refs: "20260601-100000-000_b.md" });
    expect(textOf(built)).toBe(
      "---\ntype: agent\nrefs: 20260601-100000-000_b.md\nagent: a\ntimestamp: 2026-06-01 10:00 UTC\nvia: raw\n---\n\nhi @b\n",
    );
    expect(built).toMatchObject({
      filename: `${NAME}_a.md`,
      path: `message_board/${NAME}_a.md`,
      via: "raw",
      mentionsDelivered: ["b"],
      broadcast: false,
    });
    expect(built.changes.map(({ path }) => path)).toEqual([
      `message_board/${NAME}_a.md`,
      `inbox/b/${NAME}_a.md`,
    ]);
  });

  test("an empty type counts as absent, empty refs are written", () => {
    expect(textOf(message({ kind: "raw", author: "a", body: "", type: "", refs: "" }))).toBe(
      "---\ntype: agent\nrefs: ''\nagent: a\ntimestamp: 2026-06-01 10:00 UTC\nvia: raw\n---\n",
    );
  });

  test("a promoted file keeps its keys and their places; the server's overwrite", () => {
    const { frontmatter, body } = parseDocument("---\nagent: evil\ntitle: T\ntype: null\nrefs: x\n---\ntext");
    const built = message({
      kind: "source",
      author: "a",
      frontmatter,
      body,
      refs: "20260601-100000-000_b.md",
    });
    expect(textOf(built)).toBe(
      "---\nagent: a\ntitle: T\ntype: null\nrefs: 20260601-100000-000_b.md\ntimestamp: 2026-06-01 10:00 UTC\nvia: bucket\n---\n\ntext\n",
    );
    expect(built.mentionsDelivered).toEqual(["b"]);
  });

  test("a broadcast goes to broadcasts/ and to no inbox", () => {
    const built = message({ kind: "broadcast", author: "human-x", body: "@a @b" });
    expect(built.changes.map(({ path }) => path)).toEqual([
      `message_board/${NAME}_human-x.md`,
      `broadcasts/${NAME}_human-x.md`,
    ]);
    expect(textOf(built)).toContain(
      "type: user\nagent: human-x\ntimestamp: 2026-06-01 10:00 UTC\nvia: dashboard\nbroadcast: true\n",
    );
    expect(built).toMatchObject({ mentionsDelivered: [], broadcast: true });
  });

  test("a verdict of the server refers to the result as a list", () => {
    const built = message({ kind: "server", author: "judge", body: "ok @a", refs: [`${NAME}_b.md`] });
    expect(textOf(built)).toContain(`type: verification\nrefs:\n- ${NAME}_b.md\nagent: judge\n`);
    expect(built.mentionsDelivered).toEqual(["a", "b"]);
  });

  test("copies have the bytes of the message", () => {
    const built = message({ kind: "human", author: "human-x", body: "@a @b" });
    expect(new Set(built.changes.map((change) => change.op === "put" && change.text)).size).toBe(1);
    expect(built.changes).toHaveLength(3);
  });
});

test("a result is the example of the specification", () => {
  const { frontmatter, body } = parseDocument(
    "---\nscore: 142.7\nmethod: vllm-fp8\nstatus: agent-run\ndescription: fast\n---\nnotes",
  );
  const built = buildResult({ agentId: "a", frontmatter, body }, STAMP);
  expect(built.path).toBe(`results/${NAME}_a.md`);
  expect(textOf(built)).toBe(
    "---\nscore: 142.7\nmethod: vllm-fp8\nstatus: agent-run\ndescription: fast\nagent: a\ntimestamp: 2026-06-01 10:00 UTC\nvia: bucket\n---\n\nnotes\n",
  );
});

test("a registration keeps the day the agent first joined", () => {
  const input = {
    agentId: "a",
    model: "m",
    harness: "h",
    tools: ["bash"],
    hfUser: "u",
    agentBucket: "o/s-a",
    bio: "Hi.",
  };
  expect(textOf(buildRegistration(input, STAMP))).toBe(
    "---\nagent_name: a\nagent_model: m\nagent_harness: h\nagent_tools:\n- bash\nhf_user: u\nagent_bucket: o/s-a\njoined: 2026-06-01 10:00 UTC\n---\n\nHi.\n",
  );
  expect(textOf(buildRegistration({ ...input, tools: [], joined: "2026-01-01 00:00 UTC" }, STAMP))).toContain(
    "agent_tools: []\nhf_user: u\nagent_bucket: o/s-a\njoined: 2026-01-01 00:00 UTC\n",
  );
});

describe("taskforces", () => {
  const readme = { name: "x", agentId: "b", via: "raw" as const, frontmatter: mappingOf({}), body: "# X" };
  test("a new README names its creator", () => {
    expect(textOf(buildTaskforceReadme({ ...readme, existing: null }, STAMP))).toBe(
      "---\ntaskforce: x\ncreator: b\ncreated: 2026-06-01 10:00 UTC\nvia: raw\n---\n\n# X\n",
    );
  });
  test("an update keeps creator and creation", () => {
    const existing = { creator: "a", created: "2026-01-01 00:00 UTC" };
    expect(textOf(buildTaskforceReadme({ ...readme, existing }, STAMP))).toContain(
      "creator: a\ncreated: 2026-01-01 00:00 UTC\nupdated: 2026-06-01 10:00 UTC\nvia: raw\n",
    );
  });
  test("a note is stamped with its taskforce", () => {
    const built = buildTaskforceNote(
      { name: "x", agentId: "a", via: "raw", frontmatter: mappingOf({}), body: "n" },
      STAMP,
    );
    expect(built.path).toBe(`taskforces/x/${NAME}_a.md`);
    expect(textOf(built)).toContain(
      "type: note\nagent: a\ntimestamp: 2026-06-01 10:00 UTC\nvia: raw\ntaskforce: x\n",
    );
  });
});

describe("traces (api-v1.md 10.2)", () => {
  const manifest = (yaml: string) => parseDocument(`---\n${yaml}\n---\nsummary`).frontmatter;
  const good =
    "schema_version: 1\nharness: codex\nsession_id: 007\nusage: {total_tokens: 5}\nactivity: {tool_calls: 0}";
  test("the session id is compared as text", () => {
    expect(checkManifest(manifest(good))).toEqual({ sessionId: "7" });
  });
  test.each([
    [good.replace("schema_version: 1\n", ""), /"schema_version" is missing/],
    [good.replace("harness: codex", "harness: null"), /"harness" is missing/],
    [good.replace("session_id: 007", "session_id: ''"), /"session_id" is missing/],
    [good.replace("{total_tokens: 5}", "7"), /usage must be a mapping/],
    [good.replace("total_tokens: 5", "total_tokens: 5.0"), /usage.total_tokens must be/],
    [good.replace("total_tokens: 5", "total_tokens: -1"), /usage.total_tokens must be/],
    [good.replace("total_tokens: 5", "total_tokens: true"), /usage.total_tokens must be/],
    [`${good}\ncost_usd: .nan`, /cost_usd/],
    [`${good}\ncost_usd: -1`, /cost_usd/],
    [`${good}\nstarted_at: yesterday`, /started_at/],
    [good.replace("tool_calls: 0", "tool_calls: '0'"), /activity.tool_calls/],
  ])("%j is refused: %s", (yaml, message_) => {
    expect(() => checkManifest(manifest(yaml))).toThrow(message_);
  });
  test.each(["2026-01-02", "2026-01-02T10:00:00Z", "'2026-01-02T10:00:00Z'", "2026-01-02 10:00 UTC", "null"])(
    "started_at %s is taken",
    (time) => {
      expect(() => checkManifest(manifest(`${good}\nstarted_at: ${time}\ncost_usd: 0.5`))).not.toThrow();
    },
  );
  test("a full trace copies its log; going back to stats removes it", () => {
    const input = { agentId: "a", sessionId: "s", frontmatter: manifest(good), body: "" };
    const full = buildTrace(
      { ...input, share: "full", log: { name: "l.jsonl", size: 3, xetHash: "h", bucket: "o/s-a" } },
      STAMP,
    );
    expect(full).toMatchObject({ folder: "traces/a/s/", completeness: "full" });
    expect(full.changes.map(({ op, path }) => `${op} ${path}`)).toEqual([
      "copy traces/a/s/l.jsonl",
      "put traces/a/s/manifest.md",
    ]);
    const stats = buildTrace({ ...input, share: "stats", obsolete: ["traces/a/s/l.jsonl"] }, STAMP);
    expect(stats.changes.map(({ op }) => op)).toEqual(["put", "delete"]);
    expect(
      buildTrace({ ...input, frontmatter: manifest(good.replace("codex", "other")), share: "stats" }, STAMP)
        .completeness,
    ).toBe("partial");
  });
});
