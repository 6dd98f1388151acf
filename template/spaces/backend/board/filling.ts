/**
 * Filling a new board from a history in which a path may come again. While it is filled nothing finds what is there
 * already, so what may be there waits for the end.
 */
import type { FillChange } from "./read-ahead.ts";

export class Filling {
  readonly #met = new PathHashes();
  readonly #later = new Map<string, FillChange>();

  /** True for a file whose path certainly comes for the first time; anything else is kept for `later`. */
  isFirst(change: FillChange): boolean {
    const isNew = this.#met.add(change.path);
    if (isNew && change.op !== "delete") return true;
    this.#later.set(change.path, change);
    return false;
  }

  /** The last change of every path that waits. */
  later(): Iterable<FillChange> {
    return this.#later.values();
  }
}

const FIRST_CAPACITY = 1 << 12;

/**
 * Hashes of 32 bits, 8 to 16 bytes a path where the paths themselves would be hundreds of megabytes. Two paths may
 * share one: then the second waits without need.
 */
class PathHashes {
  /** Open addressing; 0 is a free place. */
  #places = new Uint32Array(FIRST_CAPACITY);
  #size = 0;
  /** Nobody can choose names that share a hash. */
  readonly #seed = Math.floor(Math.random() * 2 ** 32);

  /** False if this hash was there. */
  add(path: string): boolean {
    if (this.#size * 2 >= this.#places.length) this.#grow();
    if (!put(this.#places, this.#hash(path))) return false;
    this.#size += 1;
    return true;
  }

  #grow(): void {
    const larger = new Uint32Array(this.#places.length * 2);
    for (const hash of this.#places) {
      if (hash !== 0) put(larger, hash);
    }
    this.#places = larger;
  }

  /** FNV-1a, its bits mixed once more as MurmurHash ends. */
  #hash(path: string): number {
    let hash = this.#seed;
    for (let at = 0; at < path.length; at += 1) hash = Math.imul(hash ^ path.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0 || 1;
  }
}

/** False if it was there. */
function put(places: Uint32Array, hash: number): boolean {
  const mask = places.length - 1;
  let at = hash & mask;
  for (let found = places[at]; found !== 0; found = places[at]) {
    if (found === hash) return false;
    at = (at + 1) & mask;
  }
  places[at] = hash;
  return true;
}
