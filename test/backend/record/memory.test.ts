/** What a start owes the record's memory: the states of files come later than everything else. */
import { describe, expect, onTestFinished, test } from "vitest";
import { RecordMemory } from "../../../template/spaces/backend/record/memory.ts";
import { othersIn, type PartLine } from "../../../template/spaces/backend/record/part-lines.ts";
import type { FileChange } from "../../../template/spaces/backend/record/types.ts";

const PARTS: [seq: number, lines: PartLine[]][] = [
  [
    3,
    [
      ["f", "agents/a.md", "first"],
      ["f", "message_board/1.md", "one"],
      ["c", "artifacts/x", 7, "hash", "demo/a"],
      ["k", "a", "sha"],
    ],
  ],
  [
    5,
    [
      ["f", "agents/a.md", "second"],
      ["d", "message_board/1.md"],
    ],
  ],
];

function restored(batches = (lines: PartLine[]): Iterable<PartLine[]> => lines.map((line) => [line])) {
  const memory = new RecordMemory();
  onTestFinished(() => memory.close());
  for (const [seq, lines] of PARTS) {
    memory.load(othersIn(lines), seq);
    memory.owe(seq, async function* () {
      yield* batches(lines);
    });
  }
  return memory;
}

function applied(memory: RecordMemory, seq: number, ...changes: FileChange[]): void {
  memory.apply({ seq, entries: [{ stamp: seq, changes, audit: { ts: "" } as never }] });
}

const textsIn = (memory: RecordMemory) =>
  Object.fromEntries([...memory.files()].map(({ path, text }) => [path, text]));

describe("states of files after a start", () => {
  test("are owed, and nobody can take the gap for the state", async () => {
    const memory = restored();
    expect(memory.agentKeySha256("a")).toBe("sha");
    expect(memory.seq).toBe(5);
    for (const ask of [
      () => memory.stateOf("agents/a.md"),
      () => [...memory.files()],
      () => [...memory.paths()],
      () => [...memory.deletedPaths()],
      () => [...memory.lines(0, 5)],
    ]) {
      expect(ask).toThrow("before complete()");
    }
    await memory.complete();
    expect(textsIn(memory)).toEqual({ "agents/a.md": "second", "artifacts/x": null });
    expect([...memory.deletedPaths()]).toEqual(["message_board/1.md"]);
    expect(memory.stateOf("agents/a.md")).toEqual({ size: 6, seq: 5 });
  });

  test("do not undo what was written before they came", async () => {
    const memory = restored();
    applied(memory, 6, { op: "put", path: "message_board/1.md", text: "again" });
    applied(memory, 7, { op: "delete", path: "agents/a.md" });
    memory.found({ op: "put", path: "artifacts/x", text: "edited" });
    // What a snapshot of the groups since then needs is there before the rest is.
    const newer = [...memory.lines(5, 8)];
    await memory.complete();
    expect([...memory.lines(5, 8)]).toEqual(newer);
    expect(textsIn(memory)).toEqual({ "message_board/1.md": "again", "artifacts/x": "edited" });
    expect(newer).toEqual(
      expect.arrayContaining([
        ["f", "message_board/1.md", "again"],
        ["d", "agents/a.md"],
        ["f", "artifacts/x", "edited"],
      ]),
    );
  });

  test("are owed until they are in: a reading that fails or is stopped is done again", async () => {
    let failures = 2;
    const memory = restored(function* (lines) {
      yield lines.slice(0, 1);
      if (failures > 0) {
        failures -= 1;
        throw new Error("the Hub is away");
      }
      yield lines.slice(1);
    });
    await expect(memory.complete()).rejects.toThrow("the Hub is away");
    await expect(Promise.all([memory.complete(), memory.complete()])).rejects.toThrow("the Hub is away");
    await expect(memory.complete(AbortSignal.abort())).rejects.toThrow("stopped");
    expect(() => memory.stateOf("agents/a.md")).toThrow("before complete()");
    await memory.complete();
    expect(textsIn(memory)).toEqual({ "agents/a.md": "second", "artifacts/x": null });
  });

  test("are not owed any more once it begins anew", () => {
    const memory = restored();
    memory.clear();
    expect([...memory.files()]).toEqual([]);
  });
});
