/**
 * One decision about a result, made durable: the verdict file, then the index, then the verdict file again
 * together with the announcement. A crash in between leaves `applied: false`, and a restart goes on from there,
 * so every decision takes effect once and is announced once. A person's edit of the index wins (api-v1.md 8.8).
 */
import type { Backend } from "../backend.ts";
import { verificationOf } from "../board/queries/documents.ts";
import { findVerdict, unappliedVerdicts } from "../board/queries/verdicts.ts";
import { authorOf } from "../documents/filenames.ts";
import { buildMessage } from "../documents/message.ts";
import { isoStamp } from "../documents/stamp.ts";
import { parseVerdict, type Verdict, verdictPath, verdictText } from "../documents/verdict.ts";
import { errorFields } from "../log.ts";
import type { PendingView, Prepared } from "../record/types.ts";
import { registeredWith } from "../routes/write.ts";
import { announcement } from "./announce.ts";
import {
  effectiveDecision,
  isOrganiser,
  type NewDecision,
  nextIndexEntry,
  untouchedVerdict,
  withDecision,
} from "./effective.ts";
import { IndexChanges } from "./index-changes.ts";

/**
 * `applied`: it counts. `deferred`: a person has decided otherwise; it is kept beside that. `later`: it is
 * durable, but the index could not be written; that is tried again until it can.
 */
export type DecideOutcome = "applied" | "deferred" | "later";

export interface Decided {
  outcome: DecideOutcome;
  verdict: Verdict;
}

/** What a verdict file carries besides decisions. */
export type VerdictFields = Partial<
  Pick<Verdict, "pointer" | "submission" | "reviews" | "disputes" | "silent">
>;

/** What is to change, worked out from the file as it is when nobody else changes it. */
export interface Amendment {
  fields?: VerdictFields;
  decision?: NewDecision;
}

const ROUTE = "verification";

/** Decides about one result. See `Verdicts.amend` for the errors. */
export function decide(
  backend: Backend,
  filename: string,
  decision: NewDecision,
  fields: VerdictFields = {},
): Promise<Decided> {
  return backend.verdicts.amend(filename, () => ({ decision, fields }));
}

export class Verdicts {
  readonly #backend: Backend;
  readonly #index: IndexChanges;
  /** The last change of each file that is being changed: one after the other. */
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(backend: Backend) {
    this.#backend = backend;
    this.#index = new IndexChanges(backend.record.verification);
  }

  /** As the file is, or as it would be for a result that nobody has looked at. */
  current(filename: string): Verdict {
    return findVerdict(this.#backend.board, filename) ?? untouchedVerdict(filename, postedAt(filename));
  }

  /**
   * Changes one verdict file, one change after the other. `amendment` may refuse with an `ApiError`. Rejects
   * too if nothing could be made durable (OVERLOADED, HUB_UNAVAILABLE).
   */
  amend(filename: string, amendment: (verdict: Verdict) => Amendment): Promise<Decided> {
    return this.#exclusively(filename, async () => {
      const { fields = {}, decision } = amendment(this.current(filename));
      if (decision === undefined) return { outcome: "applied", verdict: await this.#keep(filename, fields) };
      // What the last decision has left undone comes first: what this one replaces must be known.
      const unfinished = findVerdict(this.#backend.board, filename);
      if (unfinished?.applied === false) await this.#apply(unfinished);
      return this.#decide(filename, decision, fields);
    });
  }

  /** Completes what a crash or an unreachable Hub has left. */
  async completeUnapplied(): Promise<void> {
    const unapplied = unappliedVerdicts(this.#backend.board);
    await Promise.all(
      unapplied.map(({ filename }) =>
        this.#exclusively(filename, async () => {
          const verdict = this.current(filename);
          if (!verdict.applied) await this.#apply(verdict);
        }),
      ),
    );
  }

  async #exclusively<T>(filename: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(filename) ?? Promise.resolve()).then(work);
    const settled = turn.catch(() => {});
    this.#last.set(filename, settled);
    try {
      return await turn;
    } finally {
      if (this.#last.get(filename) === settled) this.#last.delete(filename);
    }
  }

  async #decide(filename: string, decision: NewDecision, fields: VerdictFields): Promise<Decided> {
    const { board } = this.#backend;
    const entry = verificationOf(board, filename);
    const before = effectiveDecision(this.current(filename));
    const next = nextIndexEntry(entry, decision, before);
    const decided = (verdict: Verdict, at: string) => ({
      ...withDecision(verdict, decision, at),
      ...fields,
    });
    if (next === null) {
      const verdict = await this.#write(filename, (known, at) => ({
        ...decided(known, at),
        applied: true,
        deferred: true,
      }));
      return { outcome: "deferred", verdict };
    }
    // What is pending for old clients before and after needs no change of the index.
    if (next === entry && next === "pending" && !isOrganiser(decision)) {
      const verdict = await this.#write(
        filename,
        (known, at) => ({ ...decided(known, at), applied: true }),
        true,
      );
      return { outcome: "applied", verdict };
    }
    return this.#apply(await this.#write(filename, decided));
  }

  /** The second and third step. Never rejects: what it could not do is done later. */
  async #apply(verdict: Verdict): Promise<Decided> {
    const { filename } = verdict;
    const before = effectiveDecision(verdict);
    try {
      const outcome = await this.#index.change(filename, (entry) => nextIndexEntry(entry, verdict, before));
      if (outcome === "unreadable") {
        this.#backend.log("warn", "the verification index cannot be read: a verdict waits", { filename });
        return { outcome: "later", verdict };
      }
      const deferred = outcome === "kept";
      const applied = await this.#write(
        filename,
        (known) => (known.applied ? null : { ...known, applied: true, deferred }),
        !deferred,
      );
      return { outcome: deferred ? "deferred" : "applied", verdict: applied };
    } catch (error) {
      this.#backend.log("warn", "a verdict is not in the index yet", { filename, error: errorFields(error) });
      return { outcome: "later", verdict };
    }
  }

  #keep(filename: string, fields: VerdictFields): Promise<Verdict> {
    return this.#write(filename, (known) => ({ ...known, ...fields }));
  }

  /** One write of the file. `change` returns `null` if there is nothing left to do. */
  async #write(
    filename: string,
    change: (verdict: Verdict, at: string) => Verdict | null,
    announce = false,
  ): Promise<Verdict> {
    const path = verdictPath(filename);
    try {
      return await this.#backend.record.submit<Verdict>({
        prepare: (stamp, pending) => {
          const known = this.#known(filename, pending);
          const verdict = change(known, isoStamp(stamp));
          if (verdict === null) throw new NothingToDo(known);
          const text = verdictText(verdict);
          const prepared: Prepared<Verdict> = {
            changes: [{ op: "put", path, text }],
            audit: {
              agent_id: authorOf(filename),
              route: ROUTE,
              via: "server",
              source: null,
              status_code: 200,
              state: verdict.state,
              by: verdict.by,
              reason_code: verdict.reason_code,
            },
            response: verdict,
          };
          if (announce && !verdict.silent) prepared.changes.push(...this.#announce(verdict, stamp, pending));
          return prepared;
        },
      });
    } catch (error) {
      if (error instanceof NothingToDo) return error.verdict;
      throw error;
    }
  }

  #announce(verdict: Verdict, stamp: number, pending: PendingView): Prepared<unknown>["changes"] {
    const { collab } = this.#backend;
    const body = announcement(verdict, collab);
    if (body === null) return [];
    const author = announcer(collab.verification);
    const delivery = {
      isRegistered: registeredWith(this.#backend, pending),
      cap: collab.board.limits.mention_fanout,
    };
    return buildMessage({ kind: "server", author, body, refs: [verdict.filename] }, stamp, delivery).changes;
  }

  /** With what is on its way: a write that was not acknowledged may be in all the same. */
  #known(filename: string, pending: PendingView): Verdict {
    const text = pending.text(verdictPath(filename));
    return (typeof text === "string" ? parseVerdict(text) : null) ?? this.current(filename);
  }
}

class NothingToDo extends Error {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    super("nothing to do");
    this.verdict = verdict;
  }
}

/** Name that verdicts are announced under: nobody can register it. */
export function announcer(verification: Backend["collab"]["verification"]): string {
  return verification.mode === "jobs" ? verification.agent : "verifier";
}

/** From the stamp that starts its name; for old names without milliseconds too. */
export function postedAt(filename: string): string {
  const match = /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)(?:-(\d{3}))?_/.exec(filename);
  if (!match) return isoStamp(0);
  const [, year, month, day, hours, minutes, seconds, ms = "000"] = match;
  const text = `${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${ms}Z`;
  return Number.isNaN(Date.parse(text)) ? isoStamp(0) : text;
}
