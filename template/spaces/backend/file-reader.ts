/**
 * Bytes of files in the central bucket that the board only lists. The one read that asks the Hub, so it is
 * cached by path and board version, joined while it runs, and limited per address (api-v1.md 12.1 W8).
 */
import type { HubBucket } from "../../hub/types.ts";
import { type Allowance, RateLimiter } from "./access/limiter.ts";

const CACHE_BYTES = 64 * 1024 * 1024;
const READS_PER_MINUTE = 60;

export class FileReader {
  readonly #bucket: HubBucket;
  readonly #version: () => number;
  readonly #limiter: RateLimiter;
  readonly #kept = new Map<string, { version: number; bytes: Uint8Array }>();
  readonly #reading = new Map<string, Promise<Uint8Array | null>>();
  #bytes = 0;

  constructor(bucket: HubBucket, version: () => number, now: () => number) {
    this.#bucket = bucket;
    this.#version = version;
    this.#limiter = new RateLimiter(
      "file reads from",
      [{ capacity: READS_PER_MINUTE, perMinute: READS_PER_MINUTE }],
      now,
    );
  }

  /** `null` if it is not in the bucket. Throws 429 for an address that asks for too much that is not cached. */
  async read(path: string, ip: string): Promise<Uint8Array | null> {
    const version = this.#version();
    const kept = this.#kept.get(path);
    if (kept?.version === version) return kept.bytes;
    const key = `${version}\0${path}`;
    let reading = this.#reading.get(key);
    if (!reading) {
      this.#limiter.take(ip);
      reading = this.#bucket.read(path).finally(() => this.#reading.delete(key));
      this.#reading.set(key, reading);
    }
    const bytes = await reading;
    if (bytes) this.#keep(path, version, bytes);
    return bytes;
  }

  /** What an address may still ask for that is not cached. */
  left(ip: string): Allowance {
    return this.#limiter.left(ip);
  }

  #keep(path: string, version: number, bytes: Uint8Array): void {
    this.#bytes += bytes.byteLength - (this.#kept.get(path)?.bytes.byteLength ?? 0);
    this.#kept.delete(path);
    this.#kept.set(path, { version, bytes });
    for (const [oldest, entry] of this.#kept) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#bytes -= entry.bytes.byteLength;
      this.#kept.delete(oldest);
    }
  }
}
