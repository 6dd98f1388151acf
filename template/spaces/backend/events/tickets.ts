/**
 * Tickets for event streams of a private collab: an EventSource cannot send a header, and a token in a URL
 * would end up in logs. A ticket is good once, for half a minute.
 */
import { randomBytes } from "node:crypto";
import { BoundedMap } from "../access/bounded-map.ts";

export const TICKET_MS = 30_000;
const MAX_OPEN = 10_000;

export class Tickets {
  readonly #open = new BoundedMap<string, number>(MAX_OPEN);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  issue(): { ticket: string; expiresAt: number } {
    const ticket = randomBytes(32).toString("base64url");
    const expiresAt = this.#now() + TICKET_MS;
    this.#open.set(ticket, expiresAt);
    return { ticket, expiresAt };
  }

  /** True once for each ticket. */
  use(ticket: string): boolean {
    const expiresAt = this.#open.get(ticket);
    this.#open.delete(ticket);
    return expiresAt !== undefined && expiresAt > this.#now();
  }
}
