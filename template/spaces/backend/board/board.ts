/** The board: opened empty, fed with journal groups and found files, asked through `queries/`. */
import { randomBytes } from "node:crypto";
import type { Scoring, SelfReported } from "../../../schema/collab.ts";
import { BoundedMap } from "../access/bounded-map.ts";
import type { FileChange, JournalGroup } from "../record/types.ts";
import { type ApplyContext, applyFile, applyMessage, applyRemoval } from "./apply/file.ts";
import { rerank } from "./apply/result.ts";
import { refreshAllUnits } from "./apply/unit.ts";
import { Filling } from "./filling.ts";
import { type FillChange, messagesIn, type ReadMessages } from "./read-ahead.ts";
import {
  BOARD_INDEXES,
  BOARD_TABLES,
  BOARD_TRIGGERS,
  COUNT_RESULTS,
  FILLED,
  FILLING,
  FILTER_INDEXES,
  TABLE_NAMES,
} from "./schema.ts";
import { SearchIndex } from "./search.ts";
import { Sql } from "./sql.ts";
import { Contents, Documents, Lists } from "./store.ts";
import type { BoardWriter, FoundFile } from "./types.ts";

/** Parts of the board that are computed as a whole and then kept until one of their files changes. */
export const TOPICS = ["ranking", "traces"] as const;
export type Topic = (typeof TOPICS)[number];

export interface BoardOptions {
  /** A file that may be lost, "" for one that SQLite makes and removes, or `:memory:` (the default). */
  file?: string;
  /** What ranks results; `none` for a collab without a number. */
  scoring: Scoring | "none";
  /** What a score that no run has measured is worth; `ranked` by default. */
  selfReported?: SelfReported;
}

/** What changed, for those who follow: caches, event streams. */
export interface BoardChange {
  version: number;
  /** Absent for changes that did not come through the journal. */
  group?: JournalGroup;
  found?: { paths: readonly string[] };
  /** Filenames that were hidden, or shown again. */
  moderated?: readonly string[];
}

const MAX_COMPUTED = 100;
const MAX_REMEMBERED = 10_000;

export class Board implements BoardWriter {
  readonly sql: Sql;
  readonly lists: Lists;
  readonly documents: Documents;
  readonly #contents: Contents;
  readonly search: SearchIndex;
  /** Differs for every opened board, so that an ETag never outlives the process that gave it. */
  readonly epoch = randomBytes(4).toString("hex");
  #version = 1;
  #journalSeq = 0;
  #removals = 0;
  /** While it is filled, indexes, triggers and counts are not there yet, so nothing can be asked. */
  #filling: Filling | null = new Filling();
  #scoring: Scoring | "none";
  #selfReported: SelfReported;
  #hidden: ReadonlyMap<string, string> = new Map();
  readonly #computed: Record<Topic, Map<string, unknown>> = { ranking: new Map(), traces: new Map() };
  readonly #remembered = new BoundedMap<string, { state: string; value: number }>(MAX_REMEMBERED);
  readonly #followers = new Set<(change: BoardChange) => void>();
  readonly #indexesToMake: string[] = [...FILTER_INDEXES];
  #indexing: NodeJS.Immediate | undefined;

  constructor(options: BoardOptions) {
    this.sql = new Sql(options.file ?? ":memory:");
    this.sql.db.exec(FILLING + BOARD_TABLES);
    this.lists = new Lists(this.sql);
    this.documents = new Documents(this.sql);
    this.#contents = new Contents(this.sql);
    this.search = new SearchIndex(this.sql);
    this.#scoring = options.scoring;
    this.#selfReported = options.selfReported ?? "ranked";
  }

  get version(): number {
    return this.#version;
  }

  get journalSeq(): number {
    return this.#journalSeq;
  }

  /**
   * Rises when a document goes or is replaced, and when others are hidden; while it stays, lists and what a search
   * finds in them have only grown.
   */
  get removals(): number {
    return this.#removals;
  }

  get scoring(): Scoring | "none" {
    return this.#scoring;
  }

  /** After a changed collab.yaml: results are classified and ranked anew. */
  setScoring(scoring: Scoring | "none", selfReported: SelfReported = "ranked"): void {
    this.#scoring = scoring;
    this.#selfReported = selfReported;
    this.#change({}, () => {
      const context = this.#context();
      rerank(context);
      context.changed("ranking");
      return true;
    });
  }

  /** Filenames that organisers have hidden, with the reasons. */
  get hidden(): ReadonlyMap<string, string> {
    return this.#hidden;
  }

  setHidden(hidden: ReadonlyMap<string, string>): void {
    const names = new Set([...this.#hidden.keys(), ...hidden.keys()]);
    const moderated = [...names].filter((name) => this.#hidden.get(name) !== hidden.get(name));
    this.#change({ moderated }, () => {
      this.search.setHidden(hidden.keys());
      this.#hidden = hidden;
      const context = this.#context();
      context.changed("ranking");
      context.removed();
      return true;
    });
  }

  apply(group: JournalGroup): void {
    if (group.seq <= this.#journalSeq) return;
    this.#endFilling();
    this.#change({ group }, () => {
      const context = this.#context();
      for (const entry of group.entries) {
        for (const change of entry.changes) applyChange(context, change);
      }
      this.#journalSeq = group.seq;
      return true;
    });
  }

  fill(changes: readonly FileChange[], messages?: ReadMessages): void {
    const filling = this.#filling;
    if (!filling) throw new Error("the board is filled already");
    const context = this.#context();
    this.sql.transaction(() => {
      const fillWith = (change: FillChange) => {
        if (filling.isFirst(change)) applyChange(context, change);
      };
      if (messages) {
        for (const message of messagesIn(messages)) fillWith(message);
      }
      for (const change of changes) fillWith(change);
      this.#contents.flush();
      this.documents.flush();
    });
  }

  empty(): void {
    if (!this.#filling) throw new Error("the board is filled already");
    this.#filling = new Filling();
    for (const table of TABLE_NAMES) this.sql.run(`DELETE FROM ${table}`);
    this.lists.forget();
    this.#contents.forget();
    this.documents.beginFilling();
  }

  applyFound(files: readonly FoundFile[], removed: readonly string[] = []): void {
    this.#endFilling();
    const paths = [...files.map((file) => file.path), ...removed];
    this.#change({ found: { paths } }, () => {
      const context = this.#context();
      let changed = false;
      for (const file of files) changed = applyFile(context, file) || changed;
      for (const path of removed) changed = applyRemoval(context, path) || changed;
      return changed;
    });
  }

  /** Ends the filling of a new board; the journal up to here is in those files. From then on it can be asked. */
  startFrom(journalSeq: number): void {
    this.#endFilling();
    this.#journalSeq = Math.max(this.#journalSeq, journalSeq);
  }

  makeIndexes(): void {
    if (!this.#indexing) this.#makeNextIndex();
  }

  /** `compute()`, or what it gave before if nothing of the topic has changed since. Must not be modified. */
  computed<T>(topic: Topic, key: string, compute: () => T): T {
    const kept = this.#computed[topic];
    if (!kept.has(key)) {
      if (kept.size >= MAX_COMPUTED) kept.clear();
      kept.set(key, compute());
    }
    return kept.get(key) as T;
  }

  /** `compute()`, or what it gave last for this key if `state` is the same as then. */
  remembered(key: string, state: string, compute: () => number): number {
    const known = this.#remembered.get(key);
    if (known?.state === state) return known.value;
    const value = compute();
    this.#remembered.set(key, { state, value });
    return value;
  }

  /** Called after each change is visible. Returns the way to stop. */
  follow(follower: (change: BoardChange) => void): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Documents in all lists, copies counted. */
  documentCount(): number {
    return this.sql.get<{ n: number | null }>("SELECT sum(count) AS n FROM lists")?.n ?? 0;
  }

  close(): void {
    this.#followers.clear();
    clearImmediate(this.#indexing);
    this.search.close();
    this.sql.close();
  }

  #endFilling(): void {
    const filling = this.#filling;
    if (!filling) return;
    this.sql.transaction(() => {
      this.sql.db.exec(BOARD_INDEXES);
      this.#filling = null;
      refreshAllUnits(this.#context());
      this.documents.endFilling();
      this.sql.db.exec(COUNT_RESULTS + BOARD_TRIGGERS);
    });
    this.sql.db.exec(FILLED);
    this.sql.transaction(() => {
      const context = this.#context();
      for (const change of filling.later()) applyChange(context, change);
    });
  }

  /** One a turn of the event loop, then the search index. */
  #makeNextIndex(): void {
    const next = this.#indexesToMake.shift();
    if (next === undefined) {
      this.search.schedule();
      return;
    }
    this.#indexing = setImmediate(() => {
      this.sql.db.exec(next);
      this.#makeNextIndex();
    });
  }

  #context(): ApplyContext {
    return {
      sql: this.sql,
      lists: this.lists,
      contents: this.#contents,
      documents: this.documents,
      scoring: this.#scoring,
      selfReported: this.#selfReported,
      isFilling: this.#filling !== null,
      changed: (topic) => this.#computed[topic].clear(),
      removed: () => {
        this.#removals += 1;
      },
    };
  }

  #change(what: Omit<BoardChange, "version">, work: () => boolean): void {
    const before = this.#journalSeq;
    let changed: boolean;
    try {
      changed = this.sql.transaction(work);
    } catch (error) {
      this.#journalSeq = before;
      this.lists.forget();
      this.#contents.forget();
      throw error;
    }
    if (!changed) return;
    this.#version += 1;
    if (!this.#filling) this.search.schedule();
    for (const follower of this.#followers) follower({ ...what, version: this.#version });
  }
}

function applyChange(context: ApplyContext, change: FillChange): void {
  switch (change.op) {
    case "message":
      applyMessage(context, change);
      return;
    case "put":
      applyFile(context, { path: change.path, text: change.text, size: Buffer.byteLength(change.text) });
      return;
    case "copy":
      applyFile(context, { path: change.path, text: null, size: change.size });
      return;
    case "delete":
      applyRemoval(context, change.path);
  }
}
