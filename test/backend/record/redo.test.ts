/** What a start does with a group that was decided and not finished, or not even decided. */
import { expect, test } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import type { Hub } from "../../../template/hub/types.ts";
import { addFault, type Fault, liftFaults } from "../../support/hub-faults.ts";
import { listDocuments } from "./board-view.ts";
import { expectWholeRecord } from "./invariants.ts";
import { AUDIT, CENTRAL, contents, post, type RecordBed, recordBed } from "./support.ts";

const fault = (bed: RecordBed, rule: Fault) => addFault(bed.localHub.url, rule);

const refuseBatches = (bucket: string) => ({ kind: "reset" as const, path: `/api/buckets/${bucket}/batch` });

async function segments(hub: Hub): Promise<number> {
  return [...(await contents(hub, AUDIT)).keys()].filter((path) => path.startsWith("journal/")).length;
}

async function until(look: () => Promise<boolean>): Promise<void> {
  while (!(await look())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A record that dies while its group waits for `bucket`. */
async function dieAt(bed: RecordBed, bucket: string): Promise<void> {
  const { record } = await bed.started();
  await record.submit(post("a", "before"));
  await fault(bed, refuseBatches(bucket));
  const lost = ["one @b", "two @b", "three @b"].map((body) => record.submit(post("a", body)));
  const outcomes = Promise.allSettled(lost);
  if (bucket === CENTRAL) await until(async () => (await segments(bed.hub)) === 2);
  else await new Promise((resolve) => setTimeout(resolve, 50));
  record.abandon();
  for (const outcome of await outcomes)
    expect(outcome).toMatchObject({ reason: { code: "HUB_UNAVAILABLE" } });
  await liftFaults(bed.localHub.url);
}

test("a group whose segment is in is completed, copies and all, and shows after the start", async () => {
  await using bed = await recordBed({ attempts: 1 });
  await dieAt(bed, CENTRAL);
  expect([...(await contents(bed.hub, CENTRAL)).keys()]).toHaveLength(1);
  const second = await bed.started();
  const names = listDocuments(second.board, "messages");
  expect(names).toHaveLength(4);
  expect(listDocuments(second.board, "inbox/b")).toEqual(names.slice(1));
  await expectWholeRecord(bed.hub, names);
});

test("a group whose segment is not in never was, and its number is used again", async () => {
  await using bed = await recordBed({ attempts: 1 });
  await dieAt(bed, AUDIT);
  const second = await bed.started();
  expect(listDocuments(second.board, "messages")).toHaveLength(1);
  await second.record.submit(post("a", "after"));
  expect(second.board.journalSeq).toBe(2);
  await expectWholeRecord(bed.hub, listDocuments(second.board, "messages"));
});

/** One text at two paths that are written again and again. */
const registrations = (text: string) => ({
  prepare: () => ({
    changes: [
      { op: "put" as const, path: "agents/b.md", text },
      { op: "put" as const, path: "agents/c.md", text },
    ],
    audit: { agent_id: "b", route: "/v1/agents/register", via: null, source: null, status_code: 201 },
    response: null,
  }),
});

/** `first` is in, of `second` only the segment when the record dies. */
async function dieRewriting(bed: RecordBed, first: string, second: string): Promise<void> {
  const { record } = await bed.started();
  await record.submit(registrations(first));
  await fault(bed, refuseBatches(CENTRAL));
  const lost = record.submit(registrations(second)).catch(() => {});
  await until(async () => (await segments(bed.hub)) === 2);
  record.abandon();
  await lost;
  await liftFaults(bed.localHub.url);
}

test("what an earlier group wrote is not taken for the last one's, however coarse the Hub's clock", async () => {
  const at = Date.now();
  await using bed = await recordBed({ attempts: 1 }, { now: () => at });
  await dieRewriting(bed, "---\nhf_user: one\n---\n", "---\nhf_user: two\n---\n");
  await bed.started();
  const files = await contents(bed.hub, CENTRAL);
  expect(files.get("agents/b.md")).toContain("two");
  expect(files.get("agents/c.md")).toContain("two");
});

test("an organiser's edit after the crash is not undone by completing the group", async () => {
  await using bed = await recordBed({ attempts: 1 });
  await dieRewriting(bed, "---\nhf_user: one\n---\n", "---\nhf_user: two\n---\n");
  const edited = "---\nhf_user: organiser\n---\n";
  await bed.hub.bucket(CENTRAL).write([{ path: "agents/b.md", content: edited }]);
  await bed.started();
  const files = await contents(bed.hub, CENTRAL);
  expect(files.get("agents/b.md")).toBe(edited);
  expect(files.get("agents/c.md")).toContain("two");
});

test("stopping in the middle of an outage ends, refuses what is not decided, and loses nothing that is", async () => {
  await using bed = await recordBed({ attempts: 1 });
  const { record } = await bed.started({ limits: { closeWithinMs: 100 } });
  await fault(bed, refuseBatches(CENTRAL));
  const decided = record.submit(post("a", "decided @b"));
  const outcome = Promise.allSettled([decided]);
  await until(async () => (await segments(bed.hub)) === 1);
  const undecided = Promise.allSettled([record.submit(post("a", "undecided @b"))]);
  await record.close().catch(() => {});
  for (const [result] of [await outcome, await undecided])
    expect(result).toMatchObject({ status: "rejected" });
  await expect(record.submit(post("a", "too late"))).rejects.toMatchObject({ code: "NOT_READY" });
  await liftFaults(bed.localHub.url);
  const second = await bed.started();
  expect(listDocuments(second.board, "inbox/b")).toHaveLength(1);
  await expectWholeRecord(bed.hub, listDocuments(second.board, "messages"));
});

test("a group formed behind one that is not taken is formed again, and is written", async () => {
  await using bed = await recordBed({ attempts: 1 });
  const { record, board } = await bed.started();
  // The snapshot of a first start is written by the same call.
  await until(async () =>
    [...(await contents(bed.hub, AUDIT)).keys()].some((path) => path.startsWith("snapshots/")),
  );
  await fault(bed, { kind: "delay", delayMs: 1500, path: `/api/buckets/${AUDIT}/batch`, count: 1 });
  await fault(bed, { kind: "status", status: 403, path: `/api/buckets/${AUDIT}/batch`, count: 1 });
  const seen: unknown[] = [];
  const write = (text: string) =>
    record.submit({
      prepare(_stamp, pending) {
        seen.push(pending.text("agents/b.md"));
        return {
          changes: [{ op: "put" as const, path: "agents/b.md", text }],
          audit: { agent_id: "b", route: "/v1/agents/register", via: null, source: null, status_code: 201 },
          response: text,
        };
      },
    });
  const first = write("one");
  const refused = expect(first).rejects.toMatchObject({ code: "HUB_UNAVAILABLE" });
  await until(async () => seen.length === 1);
  const second = write("two");
  await refused;
  expect(await second).toBe("two");
  // It first counted on what then was not taken.
  expect(seen).toEqual([undefined, "one", undefined]);
  expect((await contents(bed.hub, CENTRAL)).get("agents/b.md")).toBe("two");
  expect(board.journalSeq).toBe(1);
});

test("a backend that was replaced in the middle of a group does not write over its successor's files", async () => {
  await using bed = await recordBed();
  let isCutOff = false;
  const hub = createHub({
    endpoint: bed.localHub.url,
    token: "hf_local_organizer",
    attempts: 1,
    fetch: (url, init) =>
      isCutOff && String(url).includes(`${CENTRAL}/batch`)
        ? Promise.reject(new TypeError("cut off"))
        : fetch(url, init),
  });
  const { record } = await bed.started({ hub, limits: { leaseTtlMs: 600 } });
  await record.submit(registrations("---\nhf_user: one\n---\n"));
  isCutOff = true;
  const lost = record.submit(registrations("---\nhf_user: two\n---\n"));
  lost.catch(() => {});
  await until(async () => (await segments(bed.hub)) === 2);
  // By its clock that lease has run out.
  const successor = await bed.started({
    now: () => Date.now() + 3_600_000,
    limits: { leasePollMs: 300 },
  });
  await successor.record.submit(registrations("---\nhf_user: three\n---\n"));
  await until(async () => !record.isWriting);
  isCutOff = false;
  await expect(lost).rejects.toMatchObject({ code: "HUB_UNAVAILABLE" });
  expect((await contents(bed.hub, CENTRAL)).get("agents/b.md")).toContain("three");
  await successor.record.close();
});
