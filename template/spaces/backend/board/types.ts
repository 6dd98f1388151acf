/**
 * The board: everything a reader can ask, in SQLite, computed from the files of the central bucket.
 * It is never the source of truth: losing it costs a rebuild, nothing else.
 */
import type { FileChange, JournalGroup } from "../record/types.ts";
import type { ReadMessages } from "./read-ahead.ts";

/** JSON-safe frontmatter: what YAML gave, with dates as text and non-finite numbers as null. */
export type Frontmatter = { [key: string]: unknown };

/** A message, note, result or inbox copy as the API answers it. */
export interface DocumentView {
  filename: string;
  frontmatter: Frontmatter;
  body: string;
}

/** `verification` is the entry of the index, `pending` without one; more exact where a verdict file is. */
export interface ResultView extends DocumentView {
  verification: string;
}

/** What the board is fed with besides journal groups: files found in the bucket (organisers' edits). */
export interface FoundFile {
  path: string;
  text: string;
  size: number;
}

/** The writing side; the queries are functions over the same database (`board/queries/`). */
export interface BoardWriter {
  /** One transaction. Applying a group again changes nothing. The version rises by one. */
  apply(group: JournalGroup): void;
  /**
   * For a new board, which cannot be asked before `startFrom`; of a path that comes again in a later call the last
   * change counts. `messages` are changes that were read ahead.
   */
  fill(changes: readonly FileChange[], messages?: ReadMessages): void;
  /** Back to the beginning of the filling. */
  empty(): void;
  /** Ends the filling: the journal up to here was in it. */
  startFrom(journalSeq: number): void;
  /**
   * Makes what filters and searches find quicker by, between other work; until then they look through whole lists.
   * Once nothing more urgent is to be done; called again it does nothing.
   */
  makeIndexes(): void;
  /** Files that changed outside the backend; `removed` paths are gone. The version rises if anything differed. */
  applyFound(files: readonly FoundFile[], removed?: readonly string[]): void;
  /** Rises with every applied write; ETags and caches are made from it. */
  readonly version: number;
  /** Sequence number of the last applied journal group; 0 on an empty board. */
  readonly journalSeq: number;
}
