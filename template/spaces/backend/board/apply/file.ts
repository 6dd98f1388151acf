/** One file of the central bucket, brought into the board by what its path says it is. */
import type { Scoring, SelfReported } from "../../../../schema/collab.ts";
import { authorOf } from "../../documents/filenames.ts";
import type { Topic } from "../board.ts";
import { classify, listOf, type PathKind, VERIFICATION_INDEX } from "../classify.ts";
import type { ReadMessage } from "../read-ahead.ts";
import { type ReadDocument, readDocument, storedForm } from "../read-document.ts";
import type { Sql } from "../sql.ts";
import type { Contents, Documents, Lists } from "../store.ts";
import { applyRegistration } from "./registration.ts";
import { applyResult, unitHashOf } from "./result.ts";
import { applyRun, removeRun } from "./run.ts";
import { applyTaskforce } from "./taskforce.ts";
import { applyTrace, traceKey } from "./trace.ts";
import { refreshUnit } from "./unit.ts";
import { applyVerdict, removeVerdict } from "./verdict.ts";
import { applyVerification } from "./verification.ts";

export interface ApplyContext {
  sql: Sql;
  lists: Lists;
  contents: Contents;
  documents: Documents;
  scoring: Scoring | "none";
  selfReported: SelfReported;
  /** What was computed of this topic is void. */
  changed(topic: Topic): void;
  /** The board is being filled: each path comes once, and what is computed from several files waits. */
  isFilling: boolean;
  /** A document has gone: counts that only ever grow elsewhere are void. */
  removed(): void;
}

export interface ApplyFile {
  path: string;
  /** `null`: copied by hash, its text is not known here. */
  text: string | null;
  size: number;
}

/** `true` if the board shows something else than before. */
export function applyFile(context: ApplyContext, file: ApplyFile): boolean {
  const { sql } = context;
  const kind = classify(file.path);
  if (kind.kind === "other") return false;
  noteTopic(context, kind);
  if (kind.kind === "verification") return applyVerification(context, file.text ?? "");
  if (kind.kind === "run") return applyRun(context, kind.id, file.text ?? "");
  if (kind.kind === "verdict") return applyVerdict(sql, file.path, file.text ?? "");

  const listed = isListedByName(file.path) && storeFile(sql, file);
  const list = listOf(kind);
  if (list === null) return listed;
  return storeListed(context, kind, list, file) || listed;
}

/** The same for a message that was read ahead. */
export function applyMessage(context: ApplyContext, message: ReadMessage): boolean {
  return placeDocument(context, message) !== null;
}

export function applyRemoval(context: ApplyContext, path: string): boolean {
  const { sql } = context;
  const kind = classify(path);
  noteTopic(context, kind);
  if (kind.kind === "run") return removeRun(context, kind.id);
  if (kind.kind === "verdict") return removeVerdict(sql, path);
  if (path === VERIFICATION_INDEX) return applyVerification(context, "{}");
  const file = sql.run("DELETE FROM files WHERE path = ?", path).changes > 0;
  return removeListed(context, path) || file;
}

/** `false` if there was no document. */
function removeListed(context: ApplyContext, path: string): boolean {
  const kind = classify(path);
  const unit = kind.kind === "result" ? unitHashOf(context.sql, kind.filename) : null;
  if (!context.documents.remove(path)) return false;
  context.contents.forget();
  context.removed();
  refreshUnit(context, unit);
  return true;
}

const RANKED_KINDS: ReadonlySet<PathKind["kind"]> = new Set([
  "result",
  "verification",
  "registration",
  "verdict",
]);

function noteTopic({ changed }: ApplyContext, { kind }: PathKind): void {
  if (RANKED_KINDS.has(kind)) changed("ranking");
  if (kind === "trace") changed("traces");
}

function storeListed(context: ApplyContext, kind: PathKind, list: string, file: ApplyFile): boolean {
  const { sql } = context;
  // A copied note has no text here: it is listed, empty, until its text is found.
  const document = readDocument(file.text ?? "");
  const key = keyOf(kind, document);
  const author = authorOf(key);
  const doc = placeDocument(context, { path: file.path, list, key, author, document: storedForm(document) });
  if (doc === null) return false;
  switch (kind.kind) {
    case "registration":
      applyRegistration(sql, doc, kind.id, document);
      break;
    case "result":
      applyResult(context, doc, kind.filename, author, document);
      break;
    case "taskforce-readme":
      applyTaskforce(sql, doc, kind.name, document);
      break;
    case "trace":
      applyTrace(sql, doc, kind, document);
      break;
  }
  return true;
}

/** Id of the row that shows it; `null` if it was there, and the same. */
function placeDocument(
  context: ApplyContext,
  { path, list, key, author, document }: Omit<ReadMessage, "op">,
): number | null {
  const { sql, lists, contents, documents, isFilling } = context;
  const before = isFilling
    ? undefined
    : sql.get<{ content: number }>("SELECT content FROM docs WHERE path = ?", path);
  if (before && contents.isSame(before.content, document)) return null;
  if (before) removeListed(context, path);
  const content = contents.idOf(path, document);
  const row = documents.store({ list: lists.idOf(list), key, path, author, content, document });
  // A batch of the filling is flushed as a whole.
  if (!isFilling) {
    contents.flush();
    documents.flush();
  }
  return row;
}

function keyOf(kind: PathKind, document: ReadDocument): string {
  switch (kind.kind) {
    case "registration":
      return `${kind.id}.md`;
    case "taskforce-readme":
      return kind.name;
    case "trace":
      return traceKey(kind, document);
    case "message":
    case "inbox":
    case "broadcast":
    case "result":
    case "note":
      return kind.filename;
    default:
      throw new Error(`not a listed document: ${kind.kind}`);
  }
}

const isListedByName = (path: string) => /^(?:taskforces|traces|artifacts|shared_resources)\//.test(path);

function storeFile(sql: Sql, file: ApplyFile): boolean {
  return (
    sql.run(
      "INSERT INTO files (path, size) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET size = excluded.size WHERE size <> excluded.size",
      file.path,
      file.size,
    ).changes > 0
  );
}
