/** Changes of single entries of the index, gathered: many verdicts at once cost one write of the file. */
import type { IndexEntries, IndexOutcome } from "../record/verification-index.ts";

export interface IndexWriter {
  update(change: (entries: IndexEntries) => IndexEntries | null): Promise<IndexOutcome>;
}

/** `kept`: the rule left the entry as it was. */
export type EntryOutcome = "written" | "kept" | "unreadable";

/** From the entry that is there (`pending` without one) to the one that is to be there; `null` leaves it. */
export type EntryRule = (entry: string) => string | null;

interface Waiting {
  filename: string;
  rule: EntryRule;
  settle: PromiseWithResolvers<EntryOutcome>;
}

export class IndexChanges {
  readonly #index: IndexWriter;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | null = null;

  constructor(index: IndexWriter) {
    this.#index = index;
  }

  /** Rejects with `HubError` if the file cannot be read or written; then nothing is known to have changed. */
  change(filename: string, rule: EntryRule): Promise<EntryOutcome> {
    const settle = Promise.withResolvers<EntryOutcome>();
    this.#waiting.push({ filename, rule, settle });
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
    return settle.promise;
  }

  async #writeAll(): Promise<void> {
    // A turn of the loop later: what is decided together is written together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch);
    }
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    let outcomes: EntryOutcome[] = [];
    try {
      const outcome = await this.#index.update((entries) => {
        const changed = new Map(entries);
        outcomes = batch.map(({ filename, rule }) => {
          const next = rule(changed.get(filename) ?? "pending");
          if (next === null) return "kept";
          changed.set(filename, next);
          return "written";
        });
        const same = [...changed].every(([name, state]) => entries.get(name) === state);
        return same ? null : changed;
      });
      for (const [at, { settle }] of batch.entries()) {
        settle.resolve(outcome === "unreadable" ? "unreadable" : (outcomes[at] ?? "kept"));
      }
    } catch (error) {
      for (const { settle } of batch) settle.reject(error);
    }
  }
}
