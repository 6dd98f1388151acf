/** Refused requests, for the audit log: gathered, and written with the next group or after a while. */
import { isoStamp } from "../documents/stamp.ts";
import type { AuditFields, AuditLine } from "./types.ts";

/** Somebody who hammers must not fill the journal: beyond this many at once only their number is kept. */
const MAX_LINES = 200;

export class Refusals {
  readonly #now: () => number;
  #lines: AuditLine[] = [];
  #dropped = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  add(fields: AuditFields): void {
    if (this.#lines.length >= MAX_LINES) this.#dropped += 1;
    else this.#lines.push({ ts: isoStamp(this.#now()), ...fields });
  }

  take(): AuditLine[] {
    const lines = this.#lines;
    if (this.#dropped > 0) lines.push(this.#rest());
    this.#lines = [];
    this.#dropped = 0;
    return lines;
  }

  /** What was taken and could not be written. */
  giveBack(lines: readonly AuditLine[]): void {
    this.#lines = [...lines, ...this.#lines].slice(0, MAX_LINES);
  }

  #rest(): AuditLine {
    const ts = isoStamp(this.#now());
    return {
      ts,
      agent_id: null,
      route: "*",
      via: null,
      source: null,
      status_code: 0,
      further_refusals: this.#dropped,
    };
  }
}
