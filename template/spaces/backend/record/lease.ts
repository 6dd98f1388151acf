/**
 * One writer at a time. The lease is a file in the audit bucket that names its holder and is renewed; the
 * Hub has no compare-and-swap, so it is read again after it was written. It is a guard, not the last line
 * of defence: segments of the journal carry their writer's name and cannot overwrite each other.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import type { BucketFile, HubBucket } from "../../../hub/types.ts";
import { isoStamp } from "../documents/stamp.ts";

export const LEASE_PATH = "lease.json";

const LeaseFile = z.object({
  owner: z.string(),
  host: z.string(),
  pid: z.number(),
  renewed_at: z.iso.datetime(),
  ttl_s: z.number().positive(),
  released: z.boolean(),
});
type LeaseFile = z.infer<typeof LeaseFile>;

export interface LeaseOptions {
  bucket: HubBucket;
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  log(line: string): void;
  /** Without renewal for this long a lease is free. */
  ttlMs: number;
  /** How often to look again while another backend holds it. */
  pollMs: number;
}

/** Holders in this very process: another instance of the same pid is dead unless it is named here. */
const liveHere = new Set<string>();

export class Lease {
  /** Also the writer's name in file names: letters and digits only. */
  readonly owner = BigInt(`0x${randomBytes(5).toString("hex")}`)
    .toString(36)
    .padStart(8, "0");
  readonly #options: LeaseOptions;
  #renewedAt = 0;
  #lostTo: string | null = null;
  #waitsFor: string | null = null;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Name of the backend that has taken the lease from this one. */
  get lostTo(): string | null {
    return this.#lostTo;
  }

  /** Takes the lease if nobody else holds it. `false`: somebody does. */
  async tryAcquire(signal: AbortSignal): Promise<boolean> {
    const { bucket, log, now, sleep, pollMs } = this.#options;
    const found = await this.#read();
    const holder = this.#holder(found);
    if (holder !== null) {
      if (this.#waitsFor !== holder.owner) {
        log(
          `another backend (${holder.owner} on ${holder.host}) writes ${bucket.id}, renewed ${holder.renewed_at}; waiting until it stops`,
        );
      }
      this.#waitsFor = holder.owner;
      return false;
    }
    const at = now();
    await bucket.write([this.#file({ at })]);
    if (!(await this.#isMine())) return false;
    if (found !== null && this.#mayStillRenew(found)) {
      // It has looked before we wrote and may write behind us: then it goes on and this one waits.
      await sleep(pollMs, signal);
      if (!(await this.#isMine())) return false;
    }
    this.#waitsFor = null;
    this.#renewedAt = at;
    liveHere.add(this.owner);
    return true;
  }

  /** Waits until no other backend holds the lease. Aborting gives up with an error. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { sleep, pollMs } = this.#options;
    while (!(await this.tryAcquire(signal))) {
      await sleep(pollMs, signal);
      signal.throwIfAborted();
    }
  }

  /** Name of the backend that is waited for. */
  get waitsFor(): string | null {
    return this.#waitsFor;
  }

  /** True when it is time to renew: a third of the lifetime is gone. */
  get isDue(): boolean {
    return this.#options.now() - this.#renewedAt > this.#options.ttlMs / 3;
  }

  /** True when others may regard the lease as free: nothing may be written before `renew`. */
  get isStale(): boolean {
    return this.#options.now() - this.#renewedAt > this.#options.ttlMs * 0.8;
  }

  /** Looks whether the lease is still held and extends it. After `false` nothing may be written any more. */
  async renew(): Promise<boolean> {
    if (this.#lostTo !== null) return false;
    const { bucket, now } = this.#options;
    const at = now();
    // Uploaded before the look: between the look and the new file there is one request, and not three.
    const staged = await bucket.stage([this.#file({ at })]);
    const current = await this.#read();
    if (current && current.owner !== this.owner) {
      this.#lostTo = current.owner;
      liveHere.delete(this.owner);
      this.#options.log(`backend ${current.owner} has taken over ${bucket.id}; this one stops writing`);
      return false;
    }
    await bucket.publish({ staged });
    // What others count from, however long the way to the Hub was.
    this.#renewedAt = at;
    return true;
  }

  /** Does nothing for one that was never taken or is lost. */
  async release(): Promise<void> {
    liveHere.delete(this.owner);
    if (this.#renewedAt === 0 || this.#lostTo !== null) return;
    const current = await this.#read();
    if (current?.owner === this.owner)
      await this.#options.bucket.write([this.#file({ at: this.#options.now(), released: true })]);
  }

  /** Forgets the lease without telling the Hub, as a crash would. */
  abandon(): void {
    liveHere.delete(this.owner);
  }

  #file({ at, released = false }: { at: number; released?: boolean }): BucketFile {
    const lease: LeaseFile = {
      owner: this.owner,
      host: machine(),
      pid: process.pid,
      renewed_at: isoStamp(at),
      ttl_s: this.#options.ttlMs / 1000,
      released,
    };
    return {
      path: LEASE_PATH,
      content: `${JSON.stringify(lease, null, 2)}\n`,
      contentType: "application/json",
    };
  }

  async #isMine(): Promise<boolean> {
    return (await this.#read())?.owner === this.owner;
  }

  async #read(): Promise<LeaseFile | null> {
    const text = await this.#options.bucket.readText(LEASE_PATH, { maxBytes: 65_536 });
    if (text === null) return null;
    try {
      return LeaseFile.parse(JSON.parse(text));
    } catch {
      this.#options.log(`${this.#options.bucket.id}/${LEASE_PATH} is no lease; replaced`);
      return null;
    }
  }

  /** Of a holder whose time has run out: it may be asleep or cut off, and not dead. */
  #mayStillRenew(lease: LeaseFile): boolean {
    return !lease.released && lease.owner !== this.owner && !isDeadHere(lease);
  }

  /** The lease if somebody else holds it at this moment. */
  #holder(lease: LeaseFile | null): LeaseFile | null {
    if (lease === null || lease.released || lease.owner === this.owner) return null;
    if (this.#options.now() - Date.parse(lease.renewed_at) > lease.ttl_s * 1000) return null;
    return isDeadHere(lease) ? null : lease;
  }
}

/** A holder on this machine whose process is gone need not be waited for. */
function isDeadHere({ host, pid, owner }: LeaseFile): boolean {
  if (host !== machine()) return false;
  if (pid === process.pid) return !liveHere.has(owner);
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** Host name and boot, so that the same name after a reboot, or of another container, is another machine. */
function machine(): string {
  let boot = "";
  try {
    boot = `/${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().slice(0, 8)}`;
  } catch {
    // Not Linux: the host name alone must do.
  }
  return `${hostname()}${boot}`;
}
