/** Taskforces: a folder with a README of its own (api-v1.md 3.14). */
import { authorOf, leafOf } from "../../documents/filenames.ts";
import type { Board } from "../board.ts";
import { notesList } from "../classify.ts";
import type { DocumentView } from "../types.ts";
import { isRegistered } from "./agents.ts";
import { documentView, findDocument } from "./documents.ts";
import { listPage } from "./list.ts";
import { notesScope } from "./scopes.ts";

export interface TaskforceSummary {
  name: string;
  creator: string | null;
  created: string | null;
  readme_excerpt: string;
  contributors: string[];
  file_count: number;
  note_count: number;
  last_activity: string | null;
}

export interface TaskforceDetail {
  name: string;
  creator: string | null;
  created: string | null;
  updated: string | null;
  readme: DocumentView;
  contributors: string[];
  file_count: number;
  note_count: number;
  recent_notes: DocumentView[];
}

const RECENT_NOTES = 5;
const EXCERPT_LENGTH = 160;
const STAMPED = /^\d{8}-\d{6}-\d{3}_/;
const STAMP_LENGTH = 19;

interface TaskforceRow {
  name: string;
  creator: string | null;
  created: string | null;
}

export function taskforceCount(board: Board): number {
  return board.sql.get<{ count: number }>("SELECT count FROM lists WHERE name = 'taskforces'")?.count ?? 0;
}

export function newestTaskforces(board: Board, limit: number): string[] {
  return board.sql
    .all<{ name: string }>("SELECT name FROM taskforces ORDER BY created DESC, name DESC LIMIT ?", limit)
    .map((row) => row.name);
}

export function findTaskforce(board: Board, name: string): TaskforceRow | undefined {
  return board.sql.get<TaskforceRow>("SELECT name, creator, created FROM taskforces WHERE name = ?", name);
}

export function taskforces(
  board: Board,
  query: { q?: string; limit: number | null },
): { count: number; matched: number; items: TaskforceSummary[] } {
  const rows = board.sql.all<TaskforceRow>("SELECT name, creator, created FROM taskforces");
  const needle = query.q?.toLowerCase();
  const matching = rows.filter(
    ({ name }) =>
      !needle || name.includes(needle) || readmeOf(board, name).body.toLowerCase().includes(needle),
  );
  const items = matching
    .map((row) => ({ row, activity: activityOf(board, row) }))
    .sort((a, b) => compareText(b.activity, a.activity) || compareText(a.row.name, b.row.name));
  const cut = query.limit === null ? items : items.slice(0, query.limit);
  return { count: rows.length, matched: matching.length, items: cut.map(({ row }) => summary(board, row)) };
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function taskforceDetail(board: Board, name: string): TaskforceDetail | undefined {
  const row = findTaskforce(board, name);
  if (!row) return undefined;
  const readme = readmeOf(board, name);
  const recent = listPage(board, notesScope(board, name), { order: "desc", limit: RECENT_NOTES });
  return {
    ...row,
    updated: textOrNull(readme.frontmatter.updated),
    readme,
    contributors: contributors(board, row),
    file_count: taskforceFiles(board, name).length,
    note_count: recent.count,
    recent_notes: recent.rows.map(documentView),
  };
}

/** Every file, README and notes included; paths relative to the taskforce, sorted. */
export function taskforceFiles(board: Board, name: string): { path: string; size: number }[] {
  const folder = `taskforces/${name}/`;
  return filesUnder(board, folder).map(({ path, size }) => ({ path: path.slice(folder.length), size }));
}

/** Listed files below a folder (with its slash), sorted by path. */
export function filesUnder(board: Board, folder: string): { path: string; size: number }[] {
  return board.sql.all<{ path: string; size: number }>(
    "SELECT path, size FROM files WHERE path >= ? AND path < ? ORDER BY path",
    folder,
    `${folder}\u{10ffff}`,
  );
}

function readmeOf(board: Board, name: string): DocumentView {
  const row = findDocument(board, "taskforces", name);
  if (!row) return { filename: "README.md", frontmatter: {}, body: "" };
  return { ...documentView(row), filename: "README.md" };
}

function summary(board: Board, row: TaskforceRow): TaskforceSummary {
  return {
    ...row,
    readme_excerpt: readmeExcerpt(readmeOf(board, row.name).body),
    contributors: contributors(board, row),
    file_count: taskforceFiles(board, row.name).length,
    note_count: notesScope(board, row.name).count(board),
    last_activity: newestStampedNote(board, row.name),
  };
}

/** First line that says something; else the first heading (api-v1.md 3.14, A.7). */
export function readmeExcerpt(body: string): string {
  const lines = body.split("\n").map((line) => line.trim());
  const line =
    lines.find((text) => text !== "" && !text.startsWith("#")) ??
    lines.map((text) => text.replace(/^#+/, "").trim()).find((text) => text !== "") ??
    "";
  const characters = [...line];
  return characters.length > EXCERPT_LENGTH ? `${characters.slice(0, EXCERPT_LENGTH - 1).join("")}…` : line;
}

/** The newest of the last stamped note and the README's `created`, as a compact stamp; "" if neither. */
function activityOf(board: Board, row: TaskforceRow): string {
  const note = newestStampedNote(board, row.name) ?? "";
  const created = /^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}) UTC$/.exec(row.created ?? "");
  const stamp = created ? `${created[1]}${created[2]}${created[3]}-${created[4]}${created[5]}00-000` : "";
  return [note, stamp].sort()[1] ?? "";
}

function newestStampedNote(board: Board, name: string): string | null {
  const list = board.lists.find(notesList(name));
  if (list === undefined) return null;
  const rows = board.sql.iterate<{ key: string }>(
    "SELECT key FROM docs WHERE list = ? AND key < ':' ORDER BY key DESC",
    list,
  );
  for (const { key } of rows) if (STAMPED.test(key)) return key.slice(0, STAMP_LENGTH);
  return null;
}

/** The creator first, then everybody whose note or marked file is there, sorted. */
function contributors(board: Board, row: TaskforceRow): string[] {
  const found = new Set<string>();
  for (const { path } of taskforceFiles(board, row.name)) {
    const leaf = leafOf(path);
    if (leaf.toLowerCase() === "readme.md") continue;
    if (leaf.endsWith(".md") && STAMPED.test(leaf)) {
      const author = authorOf(leaf);
      if (author !== "") found.add(author);
      continue;
    }
    for (const id of markersIn(path)) if (isRegistered(board, id)) found.add(id);
  }
  if (row.creator !== null) found.delete(row.creator);
  return [...(row.creator === null ? [] : [row.creator]), ...[...found].sort()];
}

/** What stands after a `_` up to where an id must end. */
function markersIn(path: string): string[] {
  return [...path.matchAll(/_(?=([a-z0-9-]+))/g)].map((match) => match[1] ?? "");
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
