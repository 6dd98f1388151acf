/** The record of a collab as a folder: every file as it is, and its documents as JSON lines. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import type { BucketEntry, HubBucket } from "../../template/hub/types.ts";
import type { Collab } from "../../template/schema/collab.ts";
import { MODERATION_FILE, parseModeration } from "../../template/spaces/backend/board/moderation.ts";
import {
  parseIndex,
  VERIFICATION_INDEX_PATH,
} from "../../template/spaces/backend/record/verification-index.ts";
import { UserError } from "../terminal/errors.ts";
import { datasetCard } from "./export/dataset-card.ts";
import { RecordTables, TABLES, type Table } from "./export/tables.ts";

export type ExportCounts = Record<Table, number> & {
  files: number;
  /** Files that are larger than what is fetched in one piece, or whose name no file of this machine can have. */
  left_out: string[];
};

export interface ExportOptions {
  /** The central bucket. */
  bucket: HubBucket;
  collab: Collab;
  /** Must not exist; it appears when everything is in it. */
  target: string;
  progress: (line: string) => void;
  signal?: AbortSignal;
}

const PARALLEL_READS = 8;
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const PROGRESS_FILES = 500;

export async function exportRecord(options: ExportOptions): Promise<ExportCounts> {
  const { bucket, target } = options;
  const unfinished = `${target}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    const entries: BucketEntry[] = [];
    for await (const entry of bucket.list()) entries.push(entry);
    const counts = await writeAll(entries, unfinished, options);
    await rename(unfinished, target);
    return counts;
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

async function writeAll(
  entries: readonly BucketEntry[],
  folder: string,
  { bucket, collab, progress, signal }: ExportOptions,
): Promise<ExportCounts> {
  const tables = new RecordTables();
  const leftOut: string[] = [];
  const queue = [...entries];
  let done = 0;
  const work = async () => {
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      signal?.throwIfAborted();
      const file = safeJoin(join(folder, "files"), entry.path);
      // `null`: removed since it was listed.
      const bytes = entry.size > MAX_FILE_BYTES ? null : await bucket.read(entry.path);
      if (bytes !== null) tables.take(entry.path, bytes);
      if (entry.size > MAX_FILE_BYTES || (bytes !== null && !(await writeIn(file, bytes)))) {
        leftOut.push(entry.path);
      } else if (bytes !== null && ++done % PROGRESS_FILES === 0) {
        progress(`  ${done} of ${entries.length} files`);
      }
    }
  };
  await mkdir(join(folder, "data"), { recursive: true });
  await Promise.all(Array.from({ length: PARALLEL_READS }, work));

  const [index, moderation] = await Promise.all([
    bucket.readText(VERIFICATION_INDEX_PATH),
    bucket.readText(MODERATION_FILE),
  ]);
  const states = parseIndex(index ?? "{}") ?? new Map<string, string>();
  const hidden = parseModeration(moderation ?? "{}") ?? new Map<string, string>();
  const rows = tables.finish(states, hidden);
  for (const table of TABLES) {
    const lines = rows[table].map((row) => `${JSON.stringify(row)}\n`).join("");
    await writeFile(join(folder, "data", `${table}.jsonl`), lines);
  }
  const sizes = Object.fromEntries(TABLES.map((table) => [table, rows[table].length])) as Record<
    Table,
    number
  >;
  await writeFile(join(folder, "README.md"), datasetCard(collab, bucket.id, { ...sizes, files: done }));
  return { files: done, ...sizes, left_out: leftOut.sort() };
}

/** Names that a bucket has and a disk cannot: a file that is also a folder, or a name that is too long. */
const IMPOSSIBLE = ["EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG"];

/** `false` if this machine cannot have a file of that name. */
async function writeIn(file: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return true;
  } catch (error) {
    if (IMPOSSIBLE.includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Names in a bucket were chosen by others: none may lead out of the folder. */
function safeJoin(folder: string, path: string): string {
  const file = resolve(folder, path);
  if (file.startsWith(resolve(folder) + sep) && !path.includes("\0")) return file;
  throw new UserError({
    code: "unsafe_path",
    message: `The bucket holds a file whose name leads out of a folder: ${JSON.stringify(path)}.`,
    fix: "Remove that file from the bucket, then export again.",
  });
}
