/**
 * Organisers' edits beside the backend: a few known paths of the central bucket, all asked for with one
 * request. Files are read only when their content has changed.
 */
import { HubError } from "../../../hub/errors.ts";
import type { HubBucket } from "../../../hub/types.ts";

/** `null`: the file is not there. */
export type EditListener = (text: string | null) => void;

interface Watched {
  listeners: EditListener[];
  /** Content hash last seen; `undefined` before the first look. */
  hash: string | null | undefined;
}

const MAX_BYTES = 16 * 1024 * 1024;

export class EditsWatch {
  readonly #bucket: HubBucket;
  readonly #watched = new Map<string, Watched>();
  #looking: Promise<void> | null = null;

  constructor(bucket: HubBucket) {
    this.#bucket = bucket;
  }

  /** `listener` is told at the first look and after every change. */
  watch(path: string, listener: EditListener): void {
    const watched = this.#watched.get(path);
    if (watched) watched.listeners.push(listener);
    else this.#watched.set(path, { listeners: [listener], hash: undefined });
  }

  /** What this backend has just written itself: no edit. */
  expect(path: string, hash: string): void {
    const watched = this.#watched.get(path);
    if (watched) watched.hash = hash;
  }

  /**
   * Throws `HubError` after it has seen all it could; the next look sees the rest. `without`: a path to leave out, in
   * the first look.
   */
  look(without?: string): Promise<void> {
    this.#looking ??= this.#look(without).finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  async #look(without: string | undefined): Promise<void> {
    const looked = [...this.#watched].filter(([path]) => path !== without);
    if (looked.length === 0) return;
    const present = await this.#bucket.stat(looked.map(([path]) => path));
    let failure: unknown;
    for (const [path, watched] of looked) {
      try {
        await this.#lookAt(path, watched, present.get(path)?.xetHash ?? null);
      } catch (error) {
        // A file that cannot be read must not hide edits of the others.
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  async #lookAt(path: string, watched: Watched, hash: string | null): Promise<void> {
    const before = watched.hash;
    if (hash === before) return;
    const text = hash === null ? null : await this.#bucket.readText(path, { maxBytes: MAX_BYTES });
    // Deleted meanwhile, or the Hub errs. Taken for "no file" it would uncover what moderation hides.
    if (hash !== null && text === null) throw vanished(this.#bucket.id, path);
    // Written here while it was read: what was read may be older.
    if (watched.hash !== before) return;
    watched.hash = hash;
    for (const listener of watched.listeners) listener(text);
  }
}

function vanished(bucket: string, path: string): HubError {
  const call = `GET /buckets/${bucket}/resolve/${path}`;
  return new HubError(`${call}: listed, and not there to be read`, { status: 503, call });
}
