/** The lines of a snapshot part: their forms, and how they come out of the gzipped file. */
import { createGunzip } from "node:zlib";
import { type ReadMessages, readAhead } from "../board/read-ahead.ts";
import type { FileChange, StoredAnswer } from "./types.ts";

/** Short tags: a board has a million of them. */
export type PartLine =
  | ["f", string, string]
  | ["c", string, number, string, string]
  | ["d", string]
  | OtherLine;

/** What is no state of a file. */
export type OtherLine =
  | ["k", string, string]
  | ["p", string, string]
  | ["a", StoredAnswer, number]
  /** An audit line that is in no audit file yet. */
  | ["u", number, string, string];

/** A part as it lies in the bucket. */
export interface PackedPart {
  path: string;
  /** Characters before compression. */
  size: number;
  compressed: Uint8Array;
}

/** Some lines of a part, for memory and for a board that is filled. */
export interface PartBatch {
  others: OtherLine[];
  messages: ReadMessages;
  changes: FileChange[];
}

/** Bytes that zlib hands over at once; by default they are so few that handing over takes most of the time. */
export const CHUNK_BYTES = 512 * 1024;
const NEWLINE = 0x0a;

/** What a start needs of a part, in order. */
export async function* batchesOf(part: PackedPart): AsyncGenerator<PartBatch> {
  for await (const lines of linesOf(part, CHUNK_BYTES)) {
    const { messages, rest } = readAhead(changesIn(lines));
    yield { others: othersIn(lines), messages, changes: rest };
  }
}

/** About `chunkBytes` at a time: zlib's threads unpack the next ones while these are looked at. */
export async function* linesOf(
  { path, size, compressed }: PackedPart,
  chunkBytes: number,
): AsyncGenerator<PartLine[]> {
  const unpacked = createGunzip({ chunkSize: chunkBytes });
  unpacked.end(compressed);
  let rest: Uint8Array[] = [];
  let characters = 0;
  const linesIn = (bytes: readonly Uint8Array[]) => {
    const text = Buffer.concat(bytes).toString();
    characters += text.length;
    return parseLines(text);
  };
  for await (const chunk of unpacked as AsyncIterable<Buffer>) {
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    if (end > 0) {
      yield linesIn([...rest, chunk.subarray(0, end)]);
      rest = [];
    }
    if (end < chunk.length) rest.push(chunk.subarray(end));
  }
  if (rest.length > 0) yield linesIn(rest);
  if (characters !== size) throw new Error(`${path} is damaged`);
}

/** The changes that lines about files tell of, in their order. */
export function changesIn(lines: readonly PartLine[]): FileChange[] {
  return lines.map(changeOf).filter((change) => change !== null);
}

export function othersIn(lines: readonly PartLine[]): OtherLine[] {
  return lines.filter((line) => line[0] !== "f" && line[0] !== "c" && line[0] !== "d");
}

function changeOf(line: PartLine): FileChange | null {
  switch (line[0]) {
    case "f":
      return { op: "put", path: line[1], text: line[2] };
    case "c": {
      const [, path, size, xetHash, id] = line;
      return { op: "copy", path, size, xetHash, source: { type: "bucket", id } };
    }
    case "d":
      return { op: "delete", path: line[1] };
    default:
      return null;
  }
}

function parseLines(content: string): PartLine[] {
  const lines: PartLine[] = [];
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf("\n", start);
    if (end === -1) throw new Error("a line without an end");
    // Written by snapshot.ts: the shape is known.
    lines.push(JSON.parse(content.slice(start, end)) as PartLine);
    start = end + 1;
  }
  return lines;
}
