/** The last requests, and how many calls and bytes each client has made. In memory, from start to stop. */

export interface RequestRecord {
  /** Rises by one with each request; a reader asks for what came after the last one seen. */
  seq: number;
  /** When it arrived, ISO 8601. */
  time: string;
  method: string;
  /** With its query, credentials masked. */
  path: string;
  status: number;
  /** `hub`: counts against the Hub's rate limits; `cas`: content storage; `own`: `/_emulator`. */
  kind: "hub" | "cas" | "own";
  user: string | null;
  userAgent: string;
  requestId: string;
  ms: number;
  /** On the wire, heads included. */
  bytesIn: number;
  bytesOut: number;
}

export interface Traffic {
  requests: number;
  bytesIn: number;
  bytesOut: number;
}

export interface ClientTraffic {
  hub: Traffic;
  cas: Traffic;
}

const KEPT_REQUESTS = 2_000;

export class RequestLog {
  #records: RequestRecord[] = [];
  #clients = new Map<string, ClientTraffic>();
  #nextSeq = 1;

  add(record: Omit<RequestRecord, "seq">): void {
    this.#records.push({ seq: this.#nextSeq++, ...record });
    // Cut in blocks, so that a full log does not move all its records at each request.
    if (this.#records.length > 2 * KEPT_REQUESTS) this.#records = this.#records.slice(-KEPT_REQUESTS);
    if (record.kind === "own") return;
    const traffic = this.#clientOf(record.user)[record.kind];
    traffic.requests++;
    traffic.bytesIn += record.bytesIn;
    traffic.bytesOut += record.bytesOut;
  }

  /** Newest last. */
  list(filter: { after?: number; limit?: number; user?: string; path?: string; method?: string } = {}) {
    const { after = 0, limit = KEPT_REQUESTS, user, path, method } = filter;
    return this.#records
      .slice(-KEPT_REQUESTS)
      .filter((record) => record.seq > after)
      .filter((record) => user === undefined || record.user === user)
      .filter((record) => path === undefined || record.path.includes(path))
      .filter((record) => method === undefined || record.method === method)
      .slice(-limit);
  }

  /** By user name; requests without a token are those of `anonymous`. */
  counters(): Record<string, ClientTraffic> {
    return Object.fromEntries([...this.#clients].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  clear(): void {
    this.#records = [];
    this.#clients.clear();
  }

  #clientOf(user: string | null): ClientTraffic {
    const name = user ?? "anonymous";
    let client = this.#clients.get(name);
    if (!client) {
      client = { hub: emptyTraffic(), cas: emptyTraffic() };
      this.#clients.set(name, client);
    }
    return client;
  }
}

function emptyTraffic(): Traffic {
  return { requests: 0, bytesIn: 0, bytesOut: 0 };
}
