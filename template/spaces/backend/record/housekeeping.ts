/** Beside the commits: snapshots, deleting what they make superfluous, renewing the lease. */
import { BatchFailedError } from "../../../hub/errors.ts";
import type { HubBucket } from "../../../hub/types.ts";
import { asTransient } from "./carry.ts";
import type { EditsWatch } from "./edits.ts";
import { type SegmentName, segmentPath } from "./journal.ts";
import type { Lease } from "./lease.ts";
import type { RecordLimits } from "./limits.ts";
import type { RecordMemory } from "./memory.ts";
import { messageOf, type Persistence, persist } from "./persist.ts";
import type { Loaded } from "./recovery.ts";
import { manifestPath, mustMerge, type SnapshotManifest, writeSnapshot } from "./snapshot.ts";
import type { JournalGroup } from "./types.ts";
import type { VerificationIndex } from "./verification-index.ts";

export interface HousekeepingOptions {
  audit: HubBucket;
  memory: RecordMemory;
  lease: Lease;
  now(): number;
  limits: RecordLimits;
  persistence: Persistence;
  restored: Loaded;
  edits: EditsWatch;
  verification: VerificationIndex;
  reconcileNewest(): Promise<number>;
  reconcileAll(): Promise<number>;
}

export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #stop = new AbortController();
  #newest: SnapshotManifest | null;
  #previous: SnapshotManifest | null = null;
  #segments: SegmentName[];
  #manifests: string[];
  #parts: string[];
  #groups = 0;
  #entries = 0;
  #working: Promise<void> | null = null;
  #timers: NodeJS.Timeout[] = [];
  readonly #firstStart: boolean;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
    const { snapshot, segments, manifests, parts, isFirstStart } = options.restored;
    this.#newest = snapshot;
    this.#segments = [...segments];
    this.#manifests = [...manifests];
    this.#parts = [...parts];
    this.#firstStart = isFirstStart;
    this.#groups = segments.filter(({ seq }) => seq > (snapshot?.seq ?? 0)).length;
  }

  start(flushRefusals: () => void): void {
    const { memory, lease, limits, edits, persistence } = this.#options;
    const renew = async () => {
      if (lease.isDue && lease.lostTo === null) await lease.renew();
    };
    this.#every(limits.leaseTtlMs / 6, "renewing the lease", renew);
    this.#every(limits.refusalsWithinMs, "writing refusals", async () => flushRefusals());
    this.#every(limits.editsWithinMs, "looking for edits", () => edits.look());
    this.#every(limits.reconcileNewestMs, "looking at the newest files", () =>
      this.#options.reconcileNewest(),
    );
    this.#every(limits.reconcileAllMs, "looking at all files", () => this.#options.reconcileAll());
    this.#every(limits.pendingWithinMs, "writing the verification index", () => this.#flushPending());
    const { signal } = this.#stop;
    // Nothing waits for it yet. Should it fail, who needs it tries again.
    memory.complete(signal).catch((error: unknown) => {
      if (!signal.aborted) persistence.log(`reading the last snapshot failed: ${messageOf(error)}`);
    });
    if (this.#firstStart || this.#isDue) this.#snapshot();
  }

  onGroup(group: JournalGroup): void {
    this.#segments.push({ seq: group.seq, writer: this.#options.lease.owner });
    this.#groups += 1;
    this.#entries += group.entries.length;
    if (this.#isDue) this.#snapshot();
  }

  /** Writes a last snapshot if anything is new, so that the next start reads no journal. */
  async close(signal: AbortSignal): Promise<void> {
    this.#stopTimers();
    signal.addEventListener("abort", () => this.#stop.abort(), { once: true });
    await this.#flushPending().catch((error) => this.#options.persistence.log(messageOf(error)));
    await this.#working;
    if (this.#options.lease.lostTo === null && this.#options.memory.seq > (this.#newest?.seq ?? 0)) {
      this.#snapshot({ flushAudit: true });
      await this.#working;
    }
    this.#stop.abort();
  }

  abandon(): void {
    this.#stopTimers();
    this.#stop.abort();
  }

  /** Failures are logged; the next turn tries again. Turns never overlap. */
  #every(ms: number, what: string, work: () => Promise<unknown>): void {
    let busy = false;
    const timer = setInterval(() => {
      if (busy) return;
      busy = true;
      work()
        .catch((error) => this.#options.persistence.log(`${what} failed: ${messageOf(error)}`))
        .finally(() => {
          busy = false;
        });
    }, ms);
    timer.unref();
    this.#timers.push(timer);
  }

  async #flushPending(): Promise<void> {
    const { lease, verification } = this.#options;
    if (lease.lostTo === null) await verification.flush();
  }

  #stopTimers(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  get #isDue(): boolean {
    const { limits } = this.#options;
    return this.#groups >= limits.snapshotGroups || this.#entries >= limits.snapshotEntries;
  }

  /** Files of an hour or of many lines: few enough to list, soon enough to look into. */
  get #isAuditDue(): boolean {
    const { memory, limits, now } = this.#options;
    const { lines, oldest } = memory.auditBacklog();
    return (
      lines >= limits.auditLines || (oldest !== null && now() - Date.parse(oldest) >= limits.auditWithinMs)
    );
  }

  #snapshot({ flushAudit } = { flushAudit: this.#isAuditDue }): void {
    if (this.#working) return;
    this.#groups = 0;
    this.#entries = 0;
    this.#working = this.#writeSnapshot(flushAudit)
      .catch((error) => this.#options.persistence.log(`no snapshot was written: ${messageOf(error)}`))
      .finally(() => {
        this.#working = null;
      });
  }

  async #writeSnapshot(flushAudit: boolean): Promise<void> {
    const { audit, memory, lease, now, limits, persistence } = this.#options;
    const { signal } = this.#stop;
    if (this.#newest && mustMerge(this.#newest)) {
      await persist("reading the last snapshot", () => memory.complete(signal), signal, persistence);
    }
    const seq = memory.seq;
    memory.forgetAnswers(now() - limits.answersKeptMs);
    const how = { seq, writer: lease.owner, now: now(), flushAudit };
    // Half of it is in then: under another number its audit lines would be written a second time.
    const write = () =>
      writeSnapshot(audit, memory, this.#newest, how).catch((error) => {
        throw error instanceof BatchFailedError ? asTransient(error) : error;
      });
    const manifest = await persist("writing a snapshot", write, this.#stop.signal, persistence);
    this.#previous = this.#newest;
    this.#newest = manifest;
    this.#manifests.push(manifestPath(seq, lease.owner));
    this.#parts.push(
      ...manifest.parts.map((part) => part.path).filter((path) => !this.#parts.includes(path)),
    );
    await this.#sweep().catch((error) =>
      persistence.log(`old segments and snapshots are not deleted yet: ${messageOf(error)}`),
    );
  }

  /** What neither of the last two snapshots needs is deleted; after a failure with the next snapshot. */
  async #sweep(): Promise<void> {
    const { audit } = this.#options;
    const previous = this.#previous;
    if (!previous) return;
    const needed = new Set([...previous.parts, ...(this.#newest?.parts ?? [])].map((part) => part.path));
    const segments = this.#segments.filter(({ seq }) => seq <= previous.seq);
    const manifests = this.#manifests.slice(0, -2);
    const parts = this.#parts.filter((path) => !needed.has(path));
    const deletes = [...segments.map(segmentPath), ...manifests, ...parts];
    if (deletes.length === 0) return;
    await audit.publish({ deletes });
    this.#segments = this.#segments.filter(({ seq }) => seq > previous.seq);
    this.#manifests = this.#manifests.slice(-2);
    this.#parts = this.#parts.filter((path) => needed.has(path));
  }
}
