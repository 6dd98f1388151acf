/** Every Hub call the record makes x every way it can fail: nothing acknowledged is lost or doubled. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Board } from "../../../template/spaces/backend/board/board.ts";
import type { StartedRecord } from "../../../template/spaces/backend/record/record.ts";
import { addFault, type Fault, liftFaults, PASSING_FAULTS } from "../../support/hub-faults.ts";
import { listDocuments } from "./board-view.ts";
import { expectWholeRecord } from "./invariants.ts";
import { AUDIT, CENTRAL, contents, type Posted, post, type RecordBed, recordBed } from "./support.ts";

/** Calls of a group commit. */
const CALLS = {
  "the write token": `/api/buckets/*/*/xet-write-token`,
  "uploading a xorb": "/xet/*/v1/xorbs/**",
  "uploading a shard": "/xet/*/v1/shards",
  "publishing the segment": `/api/buckets/${AUDIT}/batch`,
  "publishing the files": `/api/buckets/${CENTRAL}/batch`,
} as const;

let bed: RecordBed;
let record: StartedRecord;
let board: Board;

beforeAll(async () => {
  // Short waits, and so few attempts of the client that the record's own persistence is met too.
  bed = await recordBed({ attempts: 2, sleep: () => Promise.resolve() });
  ({ record, board } = await bed.started());
});
afterEach(() => liftFaults(bed.localHub.url));
afterAll(() => bed[Symbol.asyncDispose]());

const fault = (rule: Fault) => addFault(bed.localHub.url, rule);

describe.each(Object.entries(CALLS))("when %s", (_call, path) => {
  test.each(Object.entries(PASSING_FAULTS))(
    "%s, five times over, every acknowledged message is there once",
    async (_fault, rule) => {
      await fault({ ...rule, path, count: 5 });
      const posted = await Promise.all(
        Array.from({ length: 4 }, (_, i) => record.submit(post("a", `message ${i} @b`))),
      );
      const names = posted.map(({ filename }) => filename);
      expect(new Set(names).size).toBe(4);
      expect(listDocuments(board, "messages")).toEqual(expect.arrayContaining(names));
      await expectWholeRecord(bed.hub, names);
    },
  );
});

test("entries of a batch that fail although the batch is accepted are sent again", async () => {
  await fault({ kind: "batch_entry", entry: "inbox/**", count: 12 });
  await fault({ kind: "batch_entry", entry: "journal/*", count: 10 });
  const posted = await Promise.all(
    Array.from({ length: 5 }, (_, i) => record.submit(post("a", `m${i} @b @c`))),
  );
  await expectWholeRecord(
    bed.hub,
    posted.map(({ filename }) => filename),
  );
});

test("a storage token that is revoked early is replaced", async () => {
  await fault({ kind: "xet_token_expired", count: 1 });
  const { filename } = await record.submit(post("a", "hi @b"));
  await expectWholeRecord(bed.hub, [filename]);
});

test("a Hub that refuses everything for good is an error to the caller, and nothing of the write remains", async () => {
  await fault({ kind: "status", status: 403, path: `/api/buckets/${AUDIT}/batch` });
  const error = await record.submit(post("a", "never @b")).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "HUB_UNAVAILABLE", retryAfterSeconds: 30 });
  await liftFaults(bed.localHub.url);
  const { filename } = await record.submit(post("a", "again"));
  await expectWholeRecord(bed.hub, [filename]);
  for await (const { path } of bed.hub.bucket(CENTRAL).list("message_board")) {
    expect(await bed.hub.bucket(CENTRAL).readText(path)).not.toContain("never @b");
  }
});

test("a decided group is carried through although the Hub refuses its files for a while", async () => {
  await fault({ kind: "status", status: 403, path: `/api/buckets/${CENTRAL}/batch`, count: 6 });
  const { filename } = await record.submit(post("a", "held up @b"));
  await expectWholeRecord(bed.hub, [filename]);
});

test("a caller that has waited too long is told so; the write is completed all the same", async () => {
  const slow = await bed.crash({ limits: { answerWithinMs: 400 } });
  await fault({
    kind: "status",
    status: 503,
    retryAfterSeconds: 0,
    path: `/api/buckets/${CENTRAL}/batch`,
  });
  const key = { owner: "a", key: "k", requestSha256: "r", status: 201 };
  await expect(slow.record.submit(post("a", "late @b", key))).rejects.toMatchObject({
    code: "HUB_UNAVAILABLE",
    hint: expect.stringContaining("Idempotency-Key"),
  });
  // The next one is uploaded already, the one after it is still in line.
  const behind = slow.record.submit(post("a", "behind it"));
  while (slow.record.queueLength > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const inLine = slow.record.submit(post("a", "in line"));
  await expect(behind).rejects.toMatchObject({ code: "HUB_UNAVAILABLE" });
  await expect(inLine).rejects.toMatchObject({ hint: "Nothing was written. Try again later." });
  await liftFaults(bed.localHub.url);
  const next = (): Promise<Posted> => slow.record.submit(post("a", "next")).catch(() => next());
  const { filename } = await next();
  const again = await slow.record.submit(post("a", "late @b", key));
  expect(again.filename < filename).toBe(true);
  await expectWholeRecord(bed.hub, [again.filename, filename]);
  expect(listDocuments(slow.board, "messages")).toContain(again.filename);
});

test("a request that is repeated while its write is still on its way is written once", async () => {
  const slow = await bed.crash({ limits: { answerWithinMs: 300 } });
  await fault({
    kind: "status",
    status: 503,
    retryAfterSeconds: 0,
    path: `/api/buckets/${CENTRAL}/batch`,
  });
  const key = { owner: "a", key: "again", requestSha256: "r", status: 201 };
  const say = () => slow.record.submit(post("a", "once @b", key));
  const late = { code: "HUB_UNAVAILABLE" };
  await expect(say()).rejects.toMatchObject(late);
  // Its caller has been told to repeat it, and does; others write meanwhile.
  const others = expect(slow.record.submit(post("a", "somebody else's"))).rejects.toMatchObject(late);
  await expect(say()).rejects.toMatchObject(late);
  await others;
  await liftFaults(bed.localHub.url);
  const patiently = (): Promise<Posted> => say().catch(patiently);
  const { filename } = await patiently();
  await expect(
    slow.record.submit(post("a", "another", { ...key, requestSha256: "other" })),
  ).rejects.toMatchObject({ code: "IDEMPOTENCY_CONFLICT" });
  const texts = [...(await contents(bed.hub, CENTRAL))].filter(([path]) => path.startsWith("message_board/"));
  const once = texts.filter(([, text]) => text.includes("once @b"));
  expect(once.map(([path]) => path)).toEqual([`message_board/${filename}`]);
  await expectWholeRecord(bed.hub, [filename]);
});

test("beyond its queue the record refuses at once, with a time to come back", async () => {
  const small = await bed.crash({ limits: { maxQueue: 3 } });
  await fault({ kind: "delay", delayMs: 100, path: `/api/buckets/${CENTRAL}/batch`, count: 1 });
  const first = small.record.submit(post("a", "first"));
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  const rest = Array.from({ length: 6 }, (_, i) => small.record.submit(post("a", `m${i}`)));
  const outcomes = await Promise.allSettled(rest);
  const refused = outcomes.filter((outcome) => outcome.status === "rejected");
  expect(refused).toHaveLength(3);
  for (const { reason } of refused)
    expect(reason).toMatchObject({ code: "OVERLOADED", retryAfterSeconds: 5 });
  const taken = outcomes.flatMap((outcome) =>
    outcome.status === "fulfilled" ? [outcome.value.filename] : [],
  );
  await expectWholeRecord(bed.hub, [(await first).filename, ...taken]);
});
