/** Lease, snapshots, audit log, verification index, and what happens beside the backend. */
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHub } from "../../../template/hub/client.ts";
import { RecordMemory } from "../../../template/spaces/backend/record/memory.ts";
import type { StartedRecord } from "../../../template/spaces/backend/record/record.ts";
import { addFault } from "../../support/hub-faults.ts";
import { listDocuments } from "./board-view.ts";
import { expectSnapshotAndJournalInBucket } from "./invariants.ts";
import { AUDIT, CENTRAL, contents, post, type RecordBed, recordBed } from "./support.ts";

const INDEX = "results/verification_status.json";

async function until<T>(look: () => Promise<T> | T): Promise<NonNullable<T>> {
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

interface NewestManifest {
  path: string;
  seq: number;
  parts: { path: string }[];
}

async function newestManifest({ hub }: RecordBed): Promise<NewestManifest> {
  const manifests = [...(await contents(hub, AUDIT))].filter(([path]) => /^snapshots\/\d/.test(path)).sort();
  const [path, text] = manifests.at(-1) ?? ["none", '{"seq":0,"parts":[]}'];
  return { path, ...JSON.parse(text) };
}

function result(author: string) {
  return {
    prepare(stamp: number) {
      const filename = `20260101-000000-${String(stamp % 1000).padStart(3, "0")}_${author}.md`;
      return {
        changes: [{ op: "put" as const, path: `results/${filename}`, text: "---\nscore: 1\n---\n" }],
        audit: { agent_id: author, route: "/v1/results", via: "bucket", source: null, status_code: 201 },
        response: filename,
      };
    },
  };
}

describe("one writer at a time", () => {
  test("a backend that waits can be read meanwhile and has what the other wrote when it takes over", async () => {
    await using bed = await recordBed();
    const first = await bed.started({ limits: { snapshotGroups: 3 } });
    await first.record.submit(post("a", "before"));
    const second = bed.process();
    const loaded = Promise.withResolvers<void>();
    const starting = second.record.start({ onLoaded: loaded.resolve });
    await loaded.promise;
    expect(listDocuments(second.board, "messages")).toHaveLength(1);
    expect(second.record.isWriting).toBe(false);
    // With and without a snapshot in between.
    for (let i = 0; i < 5; i += 1) await first.record.submit(post("a", `meanwhile ${i}`));
    await first.record.close();
    await starting;
    expect(second.record.isWriting).toBe(true);
    expect(listDocuments(second.board, "messages")).toHaveLength(6);
    await second.record.submit(post("a", "after"));
    expect(listDocuments(second.board, "messages")).toHaveLength(7);
  });

  test("a holder that is gone without releasing is waited for no longer than its lease lasts", async () => {
    await using bed = await recordBed();
    const time = { now: Date.now() };
    await bed.hub.bucket(AUDIT).write([
      {
        path: "lease.json",
        content: JSON.stringify({
          owner: "gone",
          host: "another-machine",
          pid: 1,
          renewed_at: new Date(time.now).toISOString(),
          ttl_s: 180,
          released: false,
        }),
      },
    ]);
    const lines: string[] = [];
    const { record } = bed.process({ now: () => time.now, log: (line) => lines.push(line) });
    const starting = record.start();
    await until(() => lines.some((line) => line.includes("another backend (gone on another-machine)")));
    await expect(record.submit(post("a", "x"))).rejects.toMatchObject({
      code: "NOT_READY",
      message: expect.stringContaining("gone"),
    });
    time.now += 181_000;
    await starting;
    await record.submit(post("a", "x"));
  });

  test("a renewal that arrives behind the successor's lease is noticed by the successor before it writes", async () => {
    await using bed = await recordBed();
    const path = `/api/buckets/${AUDIT}/batch`;
    const held = Promise.withResolvers<void>();
    let isHeld = false;
    const calls: string[] = [];
    const slow = createHub({
      endpoint: bed.localHub.url,
      token: "hf_local_organizer",
      onCall: ({ method, path }) => isHeld && calls.push(`${method} ${path}`),
      async fetch(url, init) {
        if (isHeld && String(url).endsWith(path)) await held.promise;
        return fetch(url, init);
      },
    });
    const time = { now: Date.now() };
    const leaseTtlMs = 600;
    const first = await bed.started({ hub: slow, now: () => time.now, limits: { leaseTtlMs } });
    // The snapshot of a first start.
    await until(async () =>
      [...(await contents(bed.hub, AUDIT)).keys()].some((path) => path.startsWith("snapshots/")),
    );
    const owner = async () => JSON.parse((await bed.hub.bucket(AUDIT).readText("lease.json")) ?? "{}").owner;
    const firstOwner = await owner();
    isHeld = true;
    time.now += leaseTtlMs / 2;
    await until(() => calls.includes(`GET /buckets/${AUDIT}/resolve/lease.json`));
    const second = bed.process({
      now: () => time.now + 3_600_000,
      limits: { leasePollMs: 1000, leaseTtlMs },
    });
    const starting = second.record.start();
    await until(async () => (await owner()) !== firstOwner);
    held.resolve();
    await starting;
    await until(() => calls.includes(`POST ${path}`));
    expect(await owner()).not.toBe(firstOwner);
    time.now += leaseTtlMs / 2;
    await until(() => !first.record.isWriting);
  });

  test("a backend whose lease another has taken stops writing and says so", async () => {
    await using bed = await recordBed();
    const time = { now: Date.now() };
    const first = await bed.started({ now: () => time.now });
    await first.record.submit(post("a", "mine"));
    first.record.abandon();

    // The same, asleep for longer than its lease: another one has come.
    const sleeper = await bed.started({ now: () => time.now });
    time.now += 200_000;
    const lease = JSON.parse((await bed.hub.bucket(AUDIT).readText("lease.json")) ?? "{}");
    const taken = { ...lease, owner: "newcomer", renewed_at: new Date(time.now).toISOString() };
    await bed.hub.bucket(AUDIT).write([{ path: "lease.json", content: JSON.stringify(taken) }]);
    const refused = { code: "NOT_READY", message: expect.stringContaining("newcomer") };
    await expect(sleeper.record.submit(post("a", "not mine"))).rejects.toMatchObject(refused);
    await expect(sleeper.record.submit(post("a", "not mine"))).rejects.toMatchObject(refused);
    expect(sleeper.record.isWriting).toBe(false);
    await sleeper.record.close();
    expect(JSON.parse((await bed.hub.bucket(AUDIT).readText("lease.json")) ?? "{}").owner).toBe("newcomer");
    expect([...(await contents(bed.hub, CENTRAL)).values()].join()).not.toContain("not mine");
  });
});

describe("the audit log", () => {
  test("has every write and every refusal, once, also beyond the journal's life", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started({ limits: { snapshotGroups: 2 } });
    for (let i = 0; i < 7; i += 1) {
      await record.submit(post("a", `message ${i}`));
      record.refused({
        agent_id: `r${i}`,
        route: "/v1/messages",
        via: "raw",
        source: null,
        status_code: 401,
      });
    }
    // The last refusal waits for the next group; a kill here would lose it, and nothing else.
    await record.submit(post("a", "message 7"));
    record.abandon();
    const second = await bed.started();
    await second.record.submit(post("b", "later"));
    await second.record.close();
    const files = [...(await contents(bed.hub, AUDIT))].filter(([path]) => path.startsWith("audit/")).sort();
    for (const [path] of files) expect(path).toMatch(/^audit\/20\d{4}\/\d{12}-\w+\.jsonl$/);
    const lines = files.flatMap(([, text]) =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line)),
    );
    expect(lines.map(({ agent_id, status_code }) => `${agent_id} ${status_code}`).sort()).toEqual(
      [...Array(8).fill("a 201"), "b 201", ...Array.from({ length: 7 }, (_, i) => `r${i} 401`)].sort(),
    );
    expect(lines.find(({ agent_id }) => agent_id === "b")).toMatchObject({
      ts: expect.stringMatching(/Z$/),
      route: "/v1/messages",
      via: "raw",
      source: null,
      target_path: expect.stringMatching(/^message_board\//),
      bytes: expect.any(Number),
    });
  });

  test("refusals reach it without any write; who hammers is counted", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started({ limits: { refusalsWithinMs: 20 } });
    for (let i = 0; i < 1000; i += 1) {
      record.refused({ agent_id: "x", route: "/v1/messages", via: null, source: null, status_code: 429 });
    }
    const segment = await until(async () =>
      [...(await contents(bed.hub, AUDIT))].find(([path]) => path.startsWith("journal/")),
    );
    const lines = segment[1]
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0]).toMatchObject({ entries: 0, refusals: 201 });
    expect(lines.at(-1)).toMatchObject({ further_refusals: 800 });
  });
});

describe("snapshots", () => {
  test.each(["audit/**", "snapshots/parts/*", "snapshots/0*"])(
    "one whose %s the Hub does not take is written again, also by the next process, and no audit line is lost",
    async (entry) => {
      await using bed = await recordBed({ sleep: () => Promise.resolve() });
      const lines: string[] = [];
      const isRefused = () => lines.some((line) => line.startsWith("writing a snapshot failed, again in "));
      const limits = { snapshotGroups: 1, auditLines: 1 };
      const first = await bed.started({ limits, log: (line) => lines.push(line) });
      const lift = await addFault(bed.localHub.url, {
        kind: "batch_entry",
        path: `/api/buckets/${AUDIT}/batch`,
        entry,
      });
      const posted: string[] = [];
      const say = async ({ record }: typeof first) =>
        posted.push((await record.submit(post("a", "hello"))).filename);
      // A group that comes while the first snapshot is being written has none of its own.
      while (!isRefused()) await say(first);
      first.record.abandon();
      await lift();
      const second = await bed.started({ limits });
      expect(listDocuments(second.board, "messages").toSorted()).toEqual(posted);
      await say(second);
      await second.record.close();
      const audit = [...(await contents(bed.hub, AUDIT))].filter(([path]) => path.startsWith("audit/"));
      const targets = audit
        .flatMap(([, text]) => text.trim().split("\n"))
        .map((line) => JSON.parse(line).target_path);
      expect([...new Set(targets)].sort()).toEqual(posted.map((name) => `message_board/${name}`));
    },
  );

  test("without a first one the next start reads again what was there before, and what came since", async () => {
    await using bed = await recordBed({ sleep: () => Promise.resolve() });
    const agent = { path: "agents/b.md", content: "---\nagent_name: b\n---\n" };
    await bed.hub.bucket(CENTRAL).write([agent]);
    const lift = await addFault(bed.localHub.url, {
      kind: "batch_entry",
      path: `/api/buckets/${AUDIT}/batch`,
      entry: "snapshots/0*",
    });
    const first = await bed.started();
    const { filename } = await first.record.submit(post("a", "for @b"));
    const again = await bed.crash();
    for (const board of [first.board, again.board]) {
      expect(listDocuments(board, "agents")).toEqual(["b.md"]);
      expect(listDocuments(board, "messages")).toEqual([filename]);
      expect(listDocuments(board, "inbox/b")).toEqual([filename]);
    }
    await lift();
    await again.record.close();
    const third = await bed.started();
    expect(listDocuments(third.board, "agents")).toEqual(["b.md"]);
    expect(listDocuments(third.board, "messages")).toEqual([filename]);
    expect((await newestManifest(bed)).parts).toHaveLength(1);
  });

  const withoutLastLine = (part: Uint8Array) => {
    const lines = gunzipSync(part).toString().trimEnd().split("\n");
    return gzipSync(
      lines
        .slice(0, -1)
        .map((line) => `${line}\n`)
        .join(""),
    );
  };
  test.each<[what: string, file: "manifest" | "part", damage: (bytes: Uint8Array) => Uint8Array]>([
    ["a broken manifest", "manifest", () => Buffer.from("{")],
    ["a part that is something else", "part", () => Buffer.from("broken")],
    ["a part that is cut off", "part", (part) => part.subarray(0, part.length - 9)],
    ["a part that lacks its end", "part", withoutLastLine],
    ["a part that lacks the end of a line", "part", (part) => gzipSync(gunzipSync(part).subarray(0, -9))],
  ])("one with %s is passed over for the one before it", async (_, file, damage) => {
    await using bed = await recordBed();
    const first = await bed.started({ limits: { snapshotGroups: 2 } });
    for (let i = 0; i < 8; i += 1) await first.record.submit(post("a", `message ${i}`));
    await first.record.close();
    const audit = bed.hub.bucket(AUDIT);
    const { path: manifest, parts } = await newestManifest(bed);
    const path = file === "manifest" ? manifest : (parts.at(-1)?.path ?? "");
    await audit.write([{ path, content: damage((await audit.read(path)) as Uint8Array) }]);
    const lines: string[] = [];
    const second = await bed.started({ log: (line) => lines.push(line) });
    expect(listDocuments(second.board, "messages")).toHaveLength(8);
    expect(lines.join("\n")).toContain(`${manifest} cannot be used`);
  });

  test("if none can be read the start fails, says what to do, and changes nothing", async () => {
    await using bed = await recordBed();
    const first = await bed.started();
    await first.record.submit(post("a", "message"));
    await first.record.close();
    const before = await contents(bed.hub, AUDIT);
    const parts = [...before.keys()].filter((path) => path.startsWith("snapshots/"));
    await bed.hub.bucket(AUDIT).write(parts.map((path) => ({ path, content: "broken" })));
    await expect(bed.process().record.start()).rejects.toThrow(
      /No snapshot .* can be read.*move snapshots\//s,
    );
    expect((await contents(bed.hub, CENTRAL)).size).toBe(1);
  });

  test("one soon after a start waits for no older part; so the journal and the parts stay few", async () => {
    await using bed = await recordBed();
    const complete = vi.spyOn(RecordMemory.prototype, "complete");
    onTestFinished(() => complete.mockRestore());
    const never = () => new Promise<void>(() => {});
    const limits = { snapshotGroups: 2 };
    const posted: string[] = [];
    for (let life = 0; life < 12; life += 1) {
      // The reading that a start begins never ends. Later, with many parts, what a snapshot asks for itself does.
      if (life < 6) complete.mockImplementation(never);
      else complete.mockReset().mockImplementationOnce(never);
      const { record } = await bed.crash({ limits });
      for (let i = 0; i < 5; i += 1) posted.push((await record.submit(post("a", `${life} ${i}`))).filename);
      // One of this life is there.
      await until(async () => (await newestManifest(bed)).seq > posted.length - 5);
      expect((await newestManifest(bed)).parts.length).toBeLessThanOrEqual(10);
    }
    const segments = [...(await contents(bed.hub, AUDIT)).keys()].filter((path) => /^journal\//.test(path));
    expect(segments.length).toBeLessThan(12);
    const last = await bed.crash();
    expect(listDocuments(last.board, "messages")).toEqual(posted);
    await last.record.close();
    await expectSnapshotAndJournalInBucket(bed.hub);
  });

  test("parts stay few while the history grows", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started({ limits: { snapshotGroups: 1 } });
    for (let i = 0; i < 40; i += 1) {
      await Promise.all(Array.from({ length: 5 }, () => record.submit(post("a", "x".repeat(200)))));
    }
    await record.close();
    expect((await newestManifest(bed)).parts.length).toBeLessThanOrEqual(5);
    const second = await bed.started();
    expect(listDocuments(second.board, "messages")).toHaveLength(200);
  });
});

describe("the verification index", () => {
  const index = async (bed: { hub: Parameters<typeof contents>[0] }) =>
    JSON.parse((await bed.hub.bucket(CENTRAL).readText(INDEX)) ?? "null");
  const upload = (bed: { hub: Parameters<typeof contents>[0] }, entries: object) =>
    bed.hub.bucket(CENTRAL).write([{ path: INDEX, content: JSON.stringify(entries) }]);
  const states = (record: StartedRecord, change: Record<string, string>) =>
    record.verification.update((entries) => new Map([...entries, ...Object.entries(change)]));

  test("a new result gets its pending entry; states that are there stay", async () => {
    await using bed = await recordBed();
    await upload(bed, { "old.md": "valid" });
    const { record } = await bed.started({ limits: { pendingWithinMs: 20 } });
    const filename = await record.submit(result("a"));
    await until(async () => (await index(bed))[filename]);
    expect(await index(bed)).toEqual({ "old.md": "valid", [filename]: "pending" });
    expect(await bed.hub.bucket(CENTRAL).readText(INDEX)).toBe(
      `{\n${[`  "${filename}": "pending"`, '  "old.md": "valid"'].sort().join(",\n")}\n}\n`,
    );
  });

  test("a person's edit made between our read and our write survives, and so does our change", async () => {
    await using bed = await recordBed();
    const central = bed.hub.bucket(CENTRAL);
    await upload(bed, { "a.md": "pending", "b.md": "pending" });
    const { record } = await bed.started();
    await states(record, { "b.md": "valid" });
    // The person's version lies ready; putting it in place is one quick request, our upload is slow.
    const theirs = JSON.stringify({ "a.md": "invalid", "b.md": "valid", "c.md": "valid" });
    await central.write([{ path: "theirs.json", content: theirs }]);
    const { xetHash } = (await central.stat(["theirs.json"])).get("theirs.json") ?? {};
    await addFault(bed.localHub.url, { kind: "delay", delayMs: 1000, path: "/xet/*/v1/shards", count: 1 });
    const seen: string[][] = [];
    const edit = { path: INDEX, xetHash: xetHash ?? "", source: { type: "bucket" as const, id: CENTRAL } };
    let editing: Promise<void> | undefined;
    await record.verification.update((entries) => {
      seen.push([...entries.keys()]);
      editing ??= central.publish({ copies: [edit] });
      return new Map([...entries, ["d.md", "valid"]]);
    });
    await editing;
    expect(seen).toEqual([
      ["a.md", "b.md"],
      ["a.md", "b.md", "c.md"],
    ]);
    expect(await index(bed)).toEqual({
      "a.md": "invalid",
      "b.md": "valid",
      "c.md": "valid",
      "d.md": "valid",
    });
  });

  test("changes made together all arrive", async () => {
    await using bed = await recordBed();
    const { record } = await bed.started();
    await Promise.all(Array.from({ length: 10 }, (_, i) => states(record, { [`r${i}.md`]: "valid" })));
    expect(Object.keys(await index(bed))).toHaveLength(10);
  });

  test("a file that is no index is never overwritten", async () => {
    await using bed = await recordBed();
    await bed.hub.bucket(CENTRAL).write([{ path: INDEX, content: '{"a.md": "valid",}' }]);
    const lines: string[] = [];
    const { record } = await bed.started({
      limits: { pendingWithinMs: 20 },
      log: (line) => lines.push(line),
    });
    expect(await states(record, { "b.md": "valid" })).toBe("unreadable");
    await record.submit(result("a"));
    await until(() => lines.some((line) => line.includes("left as it is")));
    expect(await bed.hub.bucket(CENTRAL).readText(INDEX)).toBe('{"a.md": "valid",}');
  });
});

describe("beside the backend", () => {
  test("an edit that cannot be read yet is no deletion, and hides no other edit", async () => {
    await using bed = await recordBed({ attempts: 1 });
    const log: string[] = [];
    const { record } = bed.process({ limits: { editsWithinMs: 20 }, log: (line) => log.push(line) });
    const seen: Record<string, (string | null)[]> = { "a.md": [], "b.md": [] };
    for (const [path, texts] of Object.entries(seen)) record.watch(path, (text) => texts.push(text));
    await record.start();
    const path = `/buckets/${CENTRAL}/resolve/a.md`;
    const lift = await addFault(bed.localHub.url, { kind: "status", status: 404, path });
    await bed.hub.bucket(CENTRAL).write([
      { path: "a.md", content: "a" },
      { path: "b.md", content: "b" },
    ]);
    await until(() => seen["b.md"]?.includes("b"));
    await until(() => log.some((line) => line.startsWith(`looking for edits failed: GET ${path}`)));
    expect(seen["a.md"]).toEqual([null]);
    await lift();
    await until(() => seen["a.md"]?.includes("a"));
    expect(seen).toEqual({ "a.md": [null, "a"], "b.md": [null, "b"] });
  });

  test("an organiser's edit of a watched file is noticed, and so is its end", async () => {
    await using bed = await recordBed();
    const { record } = bed.process({ limits: { editsWithinMs: 20 } });
    const seen: (string | null)[] = [];
    record.watch("README.md", (text) => seen.push(text));
    await record.start();
    await bed.hub.bucket(CENTRAL).write([{ path: "README.md", content: "one" }]);
    await until(() => seen.includes("one"));
    await bed.hub.bucket(CENTRAL).write([{ path: "README.md", content: "two" }]);
    await until(() => seen.includes("two"));
    await bed.hub.bucket(CENTRAL).publish({ deletes: ["README.md"] });
    await until(() => seen.at(-1) === null);
    expect(seen).toEqual([null, "one", "two", null]);
  });

  test("a file that appears or vanishes in the bucket shows on the board, and after a restart", async () => {
    await using bed = await recordBed();
    const { record, board } = await bed.started({ limits: { reconcileNewestMs: 20, reconcileAllMs: 30 } });
    const { filename } = await record.submit(post("a", "soon removed"));
    const text = "---\nagent: human-x\n---\n\nuploaded by hand\n";
    const byHand = "20260101-100000_human-x_0a1b2c3d.md";
    await bed.hub.bucket(CENTRAL).write([{ path: `message_board/${byHand}`, content: text }]);
    await until(() => listDocuments(board, "messages").includes(byHand));
    await bed.hub.bucket(CENTRAL).publish({ deletes: [`message_board/${filename}`] });
    await until(() => !listDocuments(board, "messages").includes(filename));
    await record.submit(post("a", "kept"));
    await record.close();
    const second = await bed.started();
    expect(listDocuments(second.board, "messages")).toEqual(listDocuments(board, "messages"));
    expect(listDocuments(second.board, "messages")).toHaveLength(2);
  });

  test("a copy whose source is gone is an error to its caller and to nobody else, and leaves no trace", async () => {
    await using bed = await recordBed();
    await bed.hub.as("hf_local_ada").bucket("demo/gemma-a").create({ private: true });
    const { record, board } = await bed.started();
    const copy = record.submit({
      prepare: () => ({
        changes: [
          {
            op: "copy" as const,
            path: "artifacts/x_a/y.bin",
            size: 3,
            xetHash: "ab".repeat(32),
            source: { type: "bucket" as const, id: "demo/gemma-a" },
          },
        ],
        audit: { agent_id: "a", route: "/v1/artifacts:sync", via: "bucket", source: null, status_code: 200 },
        response: null,
      }),
    });
    const neighbour = record.submit(post("a", "beside it @b"));
    await expect(copy).rejects.toMatchObject({
      code: "SOURCE_NOT_FOUND",
      message: expect.stringContaining("artifacts/x_a/y.bin"),
    });
    const { filename } = await neighbour;
    await record.submit(post("a", "after it"));
    record.abandon();
    const second = await bed.started();
    for (const view of [board, second.board]) {
      expect(listDocuments(view, "messages")).toContain(filename);
      expect(view.sql.all("SELECT path FROM files")).toEqual([]);
    }
  });
});
