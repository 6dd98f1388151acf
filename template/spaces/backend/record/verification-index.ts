/**
 * `results/verification_status.json`: the one file that people, the eval Space and the backend all write
 * (api-v1.md 8.1). The Hub has no compare-and-swap, so a change is merged into what is there, and the file is
 * looked at once more right before it is replaced; what somebody else changed meanwhile is merged again.
 * A file that cannot be read is never overwritten.
 */
import type { HubBucket } from "../../../hub/types.ts";

export const VERIFICATION_INDEX_PATH = "results/verification_status.json";

/** Result filename to state. */
export type IndexEntries = ReadonlyMap<string, string>;

export type IndexOutcome = "written" | "unchanged" | "unreadable";

export interface VerificationIndexOptions {
  bucket: HubBucket;
  /**
   * Told of every content this class has written or found (`null`: no file), for the board and the record's
   * memory; with its hash if it was written here.
   */
  onContent(text: string | null, writtenHash: string | null): void;
  log(line: string): void;
}

interface Content {
  /** `null`: there is no file. */
  hash: string | null;
  /** `null`: it cannot be read as an index. */
  entries: IndexEntries | null;
}

const MAX_BYTES = 64 * 1024 * 1024;
const ATTEMPTS = 8;

export class VerificationIndex {
  readonly #options: VerificationIndexOptions;
  #known: Content | null = null;
  #last: Promise<unknown> = Promise.resolve();
  readonly #pending = new Set<string>();

  constructor(options: VerificationIndexOptions) {
    this.#options = options;
  }

  /** What somebody else has written, as a watch has found it. */
  found(text: string | null): void {
    this.#options.onContent(text, null);
    this.#known = null;
  }

  /** A new result: `pending`, unless it has a state already. Written with the next `flush`. */
  addPending(filename: string): void {
    this.#pending.add(filename);
  }

  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Writes the pending entries. Throws `HubError`; then they stay for the next time. */
  async flush(): Promise<void> {
    const names = [...this.#pending];
    if (names.length === 0) return;
    const outcome = await this.update((entries) => {
      const missing = names.filter((name) => !entries.has(name));
      return missing.length === 0
        ? null
        : new Map([...entries, ...missing.map((name) => [name, "pending"] as const)]);
    });
    if (outcome === "unreadable") this.#options.log(`${VERIFICATION_INDEX_PATH} is no index: left as it is`);
    for (const name of names) this.#pending.delete(name);
  }

  /**
   * Changes the index, one change after the other. `change` gets what is there and returns what is to be
   * there, or `null` to leave it; it is called again if somebody else changed the file meanwhile.
   */
  update(change: (entries: IndexEntries) => IndexEntries | null): Promise<IndexOutcome> {
    const turn = this.#last.then(() => this.#update(change));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #update(change: (entries: IndexEntries) => IndexEntries | null): Promise<IndexOutcome> {
    const { bucket, onContent } = this.#options;
    for (let attempt = 1; ; attempt += 1) {
      const base = this.#known ?? (await this.#read());
      if (base.entries === null) return "unreadable";
      const entries = change(base.entries);
      if (entries === null) {
        // Decided by what may be an old copy: that holds only if it is still what is there.
        if ((await this.#currentHash()) === base.hash) return "unchanged";
      } else {
        const text = indexText(entries);
        const staged = await bucket.stage([
          { path: VERIFICATION_INDEX_PATH, content: text, contentType: "application/json" },
        ]);
        if ((await this.#currentHash()) === base.hash) {
          await bucket.publish({ staged });
          const hash = staged.entries[0]?.xetHash ?? null;
          this.#known = { hash, entries };
          onContent(text, hash);
          return "written";
        }
      }
      this.#known = null;
      if (attempt === ATTEMPTS)
        throw new Error(`${VERIFICATION_INDEX_PATH} is changed faster than it can be merged`);
    }
  }

  async #read(): Promise<Content> {
    const { bucket } = this.#options;
    const hash = await this.#currentHash();
    const text =
      hash === null ? null : await bucket.readText(VERIFICATION_INDEX_PATH, { maxBytes: MAX_BYTES });
    const content: Content =
      text === null ? { hash: null, entries: new Map() } : { hash, entries: parseIndex(text) };
    this.#known = content.entries === null ? null : content;
    // What decided about a change must be what readers see, also before the next look for edits.
    this.#options.onContent(text, null);
    return content;
  }

  async #currentHash(): Promise<string | null> {
    const found = await this.#options.bucket.stat([VERIFICATION_INDEX_PATH]);
    return found.get(VERIFICATION_INDEX_PATH)?.xetHash ?? null;
  }
}

/** `null` for what is no JSON object. Values are taken as text. */
export function parseIndex(text: string): IndexEntries | null {
  try {
    const json: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (json === null || typeof json !== "object" || Array.isArray(json)) return null;
    return new Map(Object.entries(json).map(([name, state]) => [name, String(state)]));
  } catch {
    return null;
  }
}

/** Two spaces, sorted keys, a newline at the end. */
export function indexText(entries: IndexEntries): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
}
