/** Snapshots of a long history are unpacked and read by a thread of their own. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import {
  batchesOf,
  type PackedPart,
  type PartBatch,
  type PartLine,
} from "../../../template/spaces/backend/record/part-lines.ts";
import { UnpackThread, UnpackThreadError } from "../../../template/spaces/backend/record/unpacking.ts";
import { spaceBundle } from "../../../wizard/deploy/space-files/bundle.ts";
import { writeHistory } from "../../bench/writes/history.ts";
import { BackendProcess } from "./backend-process.ts";
import { listDocuments } from "./board-view.ts";
import { AUDIT, contents, post, recordBed } from "./support.ts";

const message = (n: number) =>
  `---\nagent: a\ntype: plan\nround: ${n}\n---\n\nß ${"word ".repeat(100)}${n}\n`;
const OTHERS: PartLine[] = [
  ["c", "artifacts/x", 7, "hash", "demo/a"],
  ["d", "message_board/gone.md"],
  ["k", "a", "sha"],
  ["u", 3, "2026-06-01T00:00:00.000Z", "{}"],
];

/** Several batches of messages with copies, and one of everything else. */
function packed(path: string, messages: number): PackedPart {
  const lines = Array.from({ length: messages }, (_, n): PartLine[] => {
    const name = `20260601-100000-${String(n).padStart(6, "0")}_a.md`;
    const text = message(n);
    return [
      ["f", `message_board/${name}`, text],
      ...(n % 3 === 0 ? [["f", `inbox/b/${name}`, text] satisfies PartLine] : []),
      ...(n % 50 === 0 ? [["f", `results/${name}`, text] satisfies PartLine] : []),
    ];
  });
  const content = [...lines.flat(), ...OTHERS].map((line) => `${JSON.stringify(line)}\n`).join("");
  return { path, size: content.length, compressed: gzipSync(content) };
}

async function all(batches: AsyncIterable<PartBatch>): Promise<PartBatch[]> {
  const got: PartBatch[] = [];
  for await (const batch of batches) got.push(batch);
  return got;
}

describe("the thread", () => {
  test("gives what unpacking in this one gives, part after part", async () => {
    await using thread = new UnpackThread();
    for (const part of [packed("one", 6_000), packed("two", 5), packed("three", 9_000)]) {
      const expected = await all(batchesOf(part));
      const got = await all(thread.batchesOf(part));
      expect(got).toEqual(expected);
      expect(got.flatMap(({ others }) => others)).toEqual(OTHERS.slice(2));
    }
  });

  test.each<[what: string, damage: (part: PackedPart) => Partial<PackedPart>]>([
    ["something else", () => ({ compressed: Buffer.from("broken") })],
    ["cut off", ({ compressed }) => ({ compressed: compressed.subarray(0, -9) })],
    ["longer than it says", ({ size }) => ({ size: size - 1 })],
    [
      "without the end of a line",
      ({ compressed }) => ({ compressed: gzipSync(gunzipSync(compressed).subarray(0, -3)) }),
    ],
    ["no JSON", () => ({ compressed: gzipSync("[\n"), size: 2 })],
  ])("says of a part that is %s what this one says, and unpacks the next", async (_, damage) => {
    await using thread = new UnpackThread();
    const good = packed("part", 6_000);
    const bad = { ...good, ...damage(good) };
    const reason: Error = await all(batchesOf(bad)).then(
      () => Promise.reject(new Error("it is not damaged")),
      (error) => error,
    );
    await expect(all(thread.batchesOf(bad))).rejects.toThrow(reason.message);
    expect(await all(thread.batchesOf(good))).toEqual(await all(batchesOf(good)));
  });

  test("that is gone fails whoever waits, and whoever comes", async () => {
    const thread = new UnpackThread();
    const batches = thread.batchesOf(packed("part", 9_000));
    await batches.next();
    const rest = all(batches);
    await thread[Symbol.asyncDispose]();
    await expect(rest).rejects.toThrow(UnpackThreadError);
    await expect(all(thread.batchesOf(packed("part", 5)))).rejects.toThrow("unpacks snapshots ended");
  });
});

describe("a start from a long history", () => {
  const LONG = { agents: ["a", "b"], text: (n: number) => `message ${n} ${"word ".repeat(600)} @b` };
  const MESSAGES = 2_000;

  function threads() {
    const unpack = vi.spyOn(UnpackThread.prototype, "batchesOf");
    onTestFinished(() => unpack.mockRestore());
    return unpack;
  }

  test("shows all of it, and the record goes on from there", async () => {
    await using bed = await recordBed();
    await writeHistory(bed.hub.bucket(AUDIT), { ...LONG, messages: MESSAGES });
    const unpack = threads();
    const { record, board } = await bed.started();
    expect(unpack).toHaveBeenCalled();
    expect(listDocuments(board, "messages")).toHaveLength(MESSAGES);
    // What `b` says to itself is not delivered.
    expect(listDocuments(board, "inbox/b")).toHaveLength(MESSAGES / 2);
    expect(listDocuments(board, "agents")).toHaveLength(2);
    await record.submit(post("a", "one more"));
    await record.close();
    const again = await bed.started();
    expect(listDocuments(again.board, "messages")).toHaveLength(MESSAGES + 1);
  });

  test("works as a Space has it: programs side by side, without a package", { timeout: 60_000 }, async () => {
    await using bed = await recordBed();
    await writeHistory(bed.hub.bucket(AUDIT), { ...LONG, messages: MESSAGES });
    const folder = await mkdtemp(join(tmpdir(), "unpack-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const programs = await spaceBundle("backend");
    expect(programs.map(({ path }) => path).sort()).toEqual(["server.js", "unpack-thread.js"]);
    for (const { path, content } of programs) await writeFile(join(folder, path), content);
    const collabFile = join(folder, "collab.yaml");
    await writeFile(collabFile, "collab: { slug: gemma, title: Long, org: demo }\n");
    const program = join(folder, "server.js");
    const backend = new BackendProcess({ hubUrl: bed.localHub.url, collabFile, program });
    onTestFinished(() => backend.kill());
    const url = await backend.ready();
    const headers = { authorization: "Bearer hf_local_organizer" };
    const page = await fetch(`${url}/v1/messages?limit=1`, { headers });
    expect(await page.json()).toMatchObject({ matched: MESSAGES });
    expect(await backend.stop()).toBe(0);
  });

  test("fails where the thread fails: no snapshot is blamed or passed over for it", async () => {
    await using bed = await recordBed();
    await writeHistory(bed.hub.bucket(AUDIT), { ...LONG, messages: MESSAGES });
    const before = await contents(bed.hub, AUDIT);
    // biome-ignore lint/correctness/useYield: it fails before it has anything.
    threads().mockImplementation(async function* () {
      await sleep(1);
      throw new UnpackThreadError("The thread that unpacks snapshots ended with 1");
    });
    const lines: string[] = [];
    const { record } = bed.process({ log: (line) => lines.push(line) });
    await expect(record.start()).rejects.toThrow("thread that unpacks snapshots");
    expect(lines.join("\n")).not.toContain("cannot be used");
    const after = await contents(bed.hub, AUDIT);
    expect([...after.keys()].filter((path) => path !== "lease.json")).toEqual(
      [...before.keys()].filter((path) => path !== "lease.json"),
    );
  });
});
