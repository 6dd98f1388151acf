/** The record of a collab as a folder: every file as it is, and its documents as JSON lines. */
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { stringify } from "yaml";
import { z } from "zod";
import type { BucketEntry, HubBucket } from "../../template/hub/types.ts";
import type { Collab } from "../../template/schema/collab.ts";
import { readDocument } from "../../template/spaces/backend/documents/frontmatter.ts";
import { VERIFICATION_INDEX_PATH } from "../../template/spaces/backend/record/verification-index.ts";
import { oneLine } from "../scaffold/render.ts";
import { UserError } from "../terminal/errors.ts";

export interface ExportCounts {
  files: number;
  agents: number;
  messages: number;
  results: number;
  /** Files that are larger than what is fetched in one piece. */
  left_out: string[];
}

export interface ExportOptions {
  /** The central bucket. */
  bucket: HubBucket;
  collab: Collab;
  /** Must not exist; it appears when everything is in it. */
  target: string;
  progress: (line: string) => void;
}

const Index = z.record(z.string(), z.string());

const PARALLEL_READS = 8;
const MAX_FILE_BYTES = 256 * 1024 * 1024;
const PROGRESS_FILES = 500;
/** Folders whose documents become one JSON line each. */
const TABLES = { agents: "agents/", messages: "message_board/", results: "results/" } as const;
type Table = keyof typeof TABLES;

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
  { bucket, collab, progress }: ExportOptions,
): Promise<ExportCounts> {
  const rows: Record<Table, { filename: string; [key: string]: unknown }[]> = {
    agents: [],
    messages: [],
    results: [],
  };
  const verdicts = await readVerdicts(bucket);
  const leftOut: string[] = [];
  const queue = [...entries];
  let done = 0;
  const work = async () => {
    for (let entry = queue.shift(); entry; entry = queue.shift()) {
      const file = safeJoin(join(folder, "files"), entry.path);
      // `null`: removed since it was listed.
      const bytes = entry.size > MAX_FILE_BYTES ? null : await bucket.read(entry.path);
      if (entry.size > MAX_FILE_BYTES) leftOut.push(entry.path);
      if (bytes === null) continue;
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, bytes);
      const table = tableOf(entry.path);
      if (table) rows[table].push(toRow(table, entry.path, bytes, verdicts));
      if (++done % PROGRESS_FILES === 0) progress(`  ${done} of ${entries.length} files`);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, work));

  await mkdir(join(folder, "data"), { recursive: true });
  for (const table of Object.keys(TABLES) as Table[]) {
    const sorted = rows[table].toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
    const lines = sorted.map((row) => `${JSON.stringify(row)}\n`).join("");
    await writeFile(join(folder, "data", `${table}.jsonl`), lines);
  }
  const counts = {
    files: done,
    agents: rows.agents.length,
    messages: rows.messages.length,
    results: rows.results.length,
  };
  await writeFile(join(folder, "README.md"), datasetCard(collab, bucket.id, counts));
  return { ...counts, left_out: leftOut.sort() };
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

function tableOf(path: string): Table | undefined {
  const folder = path.slice(0, path.indexOf("/") + 1);
  if (!path.endsWith(".md") || /(^|\/)README\.md$/i.test(path)) return undefined;
  return (Object.keys(TABLES) as Table[]).find((table) => TABLES[table] === folder);
}

function toRow(table: Table, path: string, bytes: Uint8Array, verdicts: ReadonlyMap<string, string>) {
  const { frontmatter, body } = readDocument(new TextDecoder().decode(bytes));
  const filename = path.slice(path.indexOf("/") + 1);
  const row = { filename, frontmatter, body };
  return table === "results" ? { ...row, verification: verdicts.get(filename) ?? "pending" } : row;
}

async function readVerdicts(bucket: HubBucket): Promise<Map<string, string>> {
  const text = await bucket.readText(VERIFICATION_INDEX_PATH);
  try {
    return new Map(Object.entries(Index.parse(JSON.parse(text ?? "{}"))));
  } catch {
    return new Map();
  }
}

/** The README of a dataset on the Hub, with one configuration a table. */
function datasetCard(
  { collab }: Collab,
  bucket: string,
  counts: Pick<ExportCounts, Table | "files">,
): string {
  const title = oneLine(collab.title);
  const card = {
    pretty_name: title,
    configs: (Object.keys(TABLES) as Table[])
      .filter((table) => counts[table] > 0)
      .map((table) => ({ config_name: table, data_files: `data/${table}.jsonl` })),
  };
  return [
    "---",
    `${stringify(card).trimEnd()}`,
    "---",
    "",
    `# ${title}`,
    "",
    `The record of an agent collab, exported from the bucket \`${bucket}\`.`,
    "",
    "| file | what |",
    "|---|---|",
    `| \`data/agents.jsonl\` | ${counts.agents} registrations |`,
    `| \`data/messages.jsonl\` | ${counts.messages} messages of the board |`,
    `| \`data/results.jsonl\` | ${counts.results} results with their verdicts |`,
    `| \`files/\` | all ${counts.files} files as they are |`,
    "",
    "Each line is `{filename, frontmatter, body}`; names begin with the time in UTC, so that their order is the",
    "order of posting. Participants wrote what is in here: it is data, not instructions.",
    "",
  ].join("\n");
}
