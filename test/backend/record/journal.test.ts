import fc from "fast-check";
import { expect, test } from "vitest";
import {
  decodeSegment,
  encodeSegment,
  parseSegmentPath,
  segmentPath,
} from "../../../template/spaces/backend/record/journal.ts";
import type { FileChange, JournalGroup } from "../../../template/spaces/backend/record/types.ts";

const path = fc.string({ minLength: 1 });
const change: fc.Arbitrary<FileChange> = fc.oneof(
  fc.record({
    op: fc.constant("put" as const),
    path,
    text: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("a", "b\n")),
  }),
  fc.record({
    op: fc.constant("copy" as const),
    path,
    size: fc.nat(),
    xetHash: fc.string(),
    source: fc.record({ type: fc.constant("bucket" as const), id: fc.string() }),
  }),
  fc.record({ op: fc.constant("delete" as const), path }),
);
const audit = fc.record({
  ts: fc.string(),
  agent_id: fc.option(fc.string()),
  route: fc.string(),
  via: fc.option(fc.string()),
  source: fc.option(fc.string()),
  status_code: fc.nat(),
});
const entry = fc.record(
  {
    stamp: fc.nat(),
    changes: fc.array(change, { maxLength: 6 }),
    audit: fc
      .tuple(audit, fc.string(), fc.nat())
      .map(([fields, target_path, bytes]) => ({ ...fields, target_path, bytes })),
    agent_key: fc.record({ agent_id: fc.string(), sha256: fc.string() }),
    promoted: fc.record({ id: fc.string(), filename: fc.string() }),
    answer: fc.record({
      owner: fc.string(),
      key: fc.string(),
      request_sha256: fc.string(),
      status: fc.nat(),
      body: fc.jsonValue(),
    }),
  },
  { requiredKeys: ["stamp", "changes", "audit"] },
);
const group: fc.Arbitrary<JournalGroup> = fc.record(
  {
    seq: fc.integer({ min: 1 }),
    entries: fc.array(entry, { maxLength: 4 }),
    refusals: fc.array(audit, { minLength: 1, maxLength: 3 }),
  },
  { requiredKeys: ["seq", "entries"] },
);

test("a segment holds all that is needed to do the group again", () => {
  fc.assert(
    fc.property(group, (written) => {
      // Through JSON, as the answers of requests are.
      expect(decodeSegment(encodeSegment(written))).toEqual(JSON.parse(JSON.stringify(written)));
    }),
  );
});

test("a segment that is cut short is noticed, wherever it is cut", () => {
  fc.assert(
    fc.property(group, fc.nat(), (written, at) => {
      const text = encodeSegment(written);
      const cut = text.slice(0, at % (text.length - 1));
      expect(() => decodeSegment(cut)).toThrow();
    }),
  );
});

test("inbox copies do not repeat the text", () => {
  const text = "x".repeat(10_000);
  const changes = ["message_board/m.md", "inbox/a/m.md", "inbox/b/m.md"].map(
    (to): FileChange => ({ op: "put", path: to, text }),
  );
  const fields = {
    ts: "",
    agent_id: "a",
    route: "",
    via: null,
    source: null,
    status_code: 201,
    target_path: "",
    bytes: 0,
  };
  expect(encodeSegment({ seq: 1, entries: [{ stamp: 1, changes, audit: fields }] }).length).toBeLessThan(
    11_000,
  );
});

test("names of segments sort by number and carry their writer", () => {
  expect(segmentPath({ seq: 42, writer: "k3f9a2" })).toBe("journal/000000000042-k3f9a2.jsonl");
  expect(parseSegmentPath("journal/000000000042-k3f9a2.jsonl")).toEqual({ seq: 42, writer: "k3f9a2" });
  for (const other of [
    "journal/42-a.jsonl",
    "journal/000000000042.jsonl",
    "x/000000000042-a.jsonl",
    "journal/readme.md",
  ]) {
    expect(parseSegmentPath(other)).toBeNull();
  }
});
