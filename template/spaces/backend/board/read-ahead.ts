/** Reading messages before the board gets them, on another thread than its own. */
import { authorOf, leafOf } from "../documents/filenames.ts";
import type { FileChange } from "../record/types.ts";
import { classify, listOf, type PathKind } from "./classify.ts";
import { readDocument, type StoredDocument, storedForm } from "./read-document.ts";

/** A message or a copy of one whose text has been read: all that the board needs of it. */
export interface ReadMessage {
  op: "message";
  path: string;
  /** Name of its list. */
  list: string;
  key: string;
  author: string;
  document: StoredDocument;
}

/** What a new board is filled with. */
export type FillChange = FileChange | ReadMessage;

/**
 * Many of them in few flat lists: one goes from thread to thread in a fraction of the time that an object each
 * takes.
 */
export interface ReadMessages {
  /** Path, list, author, and the place of the document in `documents`. */
  files: (string | number)[];
  /** The fields of each, in the order of `StoredDocument`. */
  documents: string[];
}

const FILE_COLUMNS = 4;
const DOCUMENT_COLUMNS = 6;

/** Kinds of which the board needs no more than the stored form; they are nearly all there is. */
const MESSAGE_KINDS: ReadonlySet<PathKind["kind"]> = new Set(["message", "inbox", "broadcast"]);

/** Reads the messages among `changes`; a message and its copies, which come one after the other, share a document. */
export function readAhead(changes: Iterable<FileChange>): { messages: ReadMessages; rest: FileChange[] } {
  const messages: ReadMessages = { files: [], documents: [] };
  const rest: FileChange[] = [];
  let last: string | undefined;
  for (const change of changes) {
    const list = change.op === "put" ? messageListOf(change.path) : null;
    if (change.op !== "put" || list === null) {
      rest.push(change);
      continue;
    }
    const { path, text } = change;
    if (text !== last) {
      const { frontmatter, lines, body, type, via, channel } = storedForm(readDocument(text));
      messages.documents.push(frontmatter, lines, body, type, via, channel);
      last = text;
    }
    messages.files.push(path, list, authorOf(leafOf(path)), messages.documents.length / DOCUMENT_COLUMNS - 1);
  }
  return { messages, rest };
}

/** `null` for what is no message and no copy of one. */
function messageListOf(path: string): string | null {
  const kind = classify(path);
  return MESSAGE_KINDS.has(kind.kind) ? listOf(kind) : null;
}

/** Those that share a document share the object. */
export function* messagesIn({ files, documents }: ReadMessages): Generator<ReadMessage> {
  let place: unknown;
  let document: StoredDocument | undefined;
  for (let at = 0; at < files.length; at += FILE_COLUMNS) {
    const [path, list, author] = [files[at], files[at + 1], files[at + 2]] as [string, string, string];
    if (!document || files[at + 3] !== place) {
      place = files[at + 3];
      document = documentAt(documents, Number(place) * DOCUMENT_COLUMNS);
    }
    yield { op: "message", path, list, key: leafOf(path), author, document };
  }
}

function documentAt(documents: readonly string[], at: number): StoredDocument {
  const [frontmatter = "", lines = "", body = "", type = "", via = "", channel = ""] = documents.slice(
    at,
    at + DOCUMENT_COLUMNS,
  );
  return { frontmatter, lines, body, type, via, channel };
}
