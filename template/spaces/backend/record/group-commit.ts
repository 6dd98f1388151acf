/**
 * One group on its way to the Hub, in two halves: `stage` uploads contents, which shows nothing yet, so it
 * may run while the group before is being published; `decide` and `carry` publish, and are never run for two
 * groups at once.
 */
import type { HubBucket, StagedFiles } from "../../../hub/types.ts";
import { carryThrough, corrections, publishSegment } from "./carry.ts";
import type { FormedGroup } from "./group.ts";
import { encodeSegment, segmentPath } from "./journal.ts";
import { type Persistence, persist } from "./persist.ts";
import { lastChanges, stageChanges } from "./publish.ts";
import type { AuditLine, FileChange, JournalGroup } from "./types.ts";

export interface GroupCommitOptions {
  central: HubBucket;
  audit: HubBucket;
  /** Name of this backend, part of the segment's name. */
  writer: string;
  signal: AbortSignal;
  persistence: Persistence;
  /** Asked before each try: an outage may last longer than the lease. */
  mayWrite(): Promise<boolean>;
}

/** What came of a decided group. */
export interface Carried {
  /** Paths that the Hub refused for good, with its reason. */
  refused: ReadonlyMap<string, string>;
  /** What is true of them instead. */
  fixes: readonly FileChange[];
}

export class GroupCommit {
  readonly group: JournalGroup;
  readonly formed: FormedGroup;
  readonly #options: GroupCommitOptions;
  readonly #changes: readonly FileChange[];
  readonly #segmentPath: string;
  #staged: { files: StagedFiles; segment: StagedFiles } | null = null;

  constructor(seq: number, formed: FormedGroup, refusals: AuditLine[], options: GroupCommitOptions) {
    this.group = { seq, entries: formed.entries, ...(refusals.length > 0 && { refusals }) };
    this.formed = formed;
    this.#options = options;
    this.#changes = lastChanges(formed.entries.flatMap((entry) => entry.changes));
    this.#segmentPath = segmentPath({ seq, writer: options.writer });
  }

  async stage(): Promise<void> {
    const { central, audit, signal, persistence } = this.#options;
    const content = encodeSegment(this.group);
    const segmentFile = { path: this.#segmentPath, content, contentType: "application/x-ndjson" };
    const stageFiles = () => stageChanges(central, this.#changes);
    const stageSegment = () => audit.stage([segmentFile]);
    const [files, segment] = await Promise.all([
      persist("uploading a group", stageFiles, signal, persistence),
      persist("uploading a journal segment", stageSegment, signal, persistence),
    ]);
    this.#staged = { files, segment };
  }

  /** Publishes the segment. Throws if nothing of the group is in the journal. */
  async decide(): Promise<void> {
    const { audit, signal, persistence, mayWrite } = this.#options;
    try {
      await publishSegment(audit, this.#ready.segment, { signal, persistence, mayWrite });
    } catch (error) {
      // The answer may have been lost and not the request: the bucket decides.
      const look = () => audit.stat([this.#segmentPath]);
      const there = await persist("looking for a journal segment", look, signal, persistence);
      if (!there.has(this.#segmentPath)) throw error;
    }
  }

  /** Publishes the files, however long it takes. Throws when stopped or replaced: then the next start does it. */
  async carry(): Promise<Carried> {
    const { central, signal, persistence, mayWrite } = this.#options;
    const how = { signal, persistence, mayWrite };
    const what = `publishing group ${this.group.seq}`;
    const { files: staged } = this.#ready;
    const refused = await carryThrough({ bucket: central, changes: this.#changes, staged, what, ...how });
    const fixes = refused.size === 0 ? [] : await corrections(central, [...refused.keys()], how);
    return { refused, fixes };
  }

  get #ready() {
    if (!this.#staged) throw new Error(`group ${this.group.seq} was not staged`);
    return this.#staged;
  }
}
