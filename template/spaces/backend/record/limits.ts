/** The numbers of the record. Tests shorten them. */
export interface RecordLimits {
  /** Writes waiting for their group at most. */
  maxQueue: number;
  answerWithinMs: number;
  /** How long `close` finishes writes, and then how long it writes its snapshot. */
  closeWithinMs: number;
  /** A snapshot after so many groups … */
  snapshotGroups: number;
  /** … or so many writes, whichever comes first. */
  snapshotEntries: number;
  /** Audit lines become a file of the audit log, with a snapshot, when there are so many … */
  auditLines: number;
  /** … or the oldest is so old. */
  auditWithinMs: number;
  /** Answers are repeated for the same Idempotency-Key for so long. */
  answersKeptMs: number;
  /** Refusals reach the audit log after this time at the latest. */
  refusalsWithinMs: number;
  /** Organisers' edits are noticed within this time. */
  editsWithinMs: number;
  /** Files that appear in the bucket beside the backend are noticed within this time … */
  reconcileNewestMs: number;
  /** … and those that vanish, which takes a listing of everything, within this. */
  reconcileAllMs: number;
  /** New results reach the verification index, as pending, within this time. */
  pendingWithinMs: number;
  leaseTtlMs: number;
  leasePollMs: number;
  /** Waits between attempts when the Hub is down. */
  firstWaitMs: number;
  longestWaitMs: number;
}

export const RECORD_LIMITS: RecordLimits = {
  maxQueue: 2000,
  answerWithinMs: 60_000,
  closeWithinMs: 20_000,
  snapshotGroups: 8,
  snapshotEntries: 2000,
  auditLines: 2000,
  auditWithinMs: 3_600_000,
  answersKeptMs: 7 * 86_400_000,
  refusalsWithinMs: 60_000,
  editsWithinMs: 28_000,
  reconcileNewestMs: 300_000,
  reconcileAllMs: 6 * 3_600_000,
  pendingWithinMs: 5_000,
  leaseTtlMs: 180_000,
  leasePollMs: 2000,
  firstWaitMs: 500,
  longestWaitMs: 15_000,
};
