/** Sends packed files to Xet storage and keeps the write token of each bucket. */
import { z } from "zod";
import { HubError } from "../errors.ts";
import type { HubHttp, HubRequest } from "../http.ts";
import { unexpected } from "../pages.ts";
import type { Pack } from "./pack.ts";

const WriteToken = z.looseObject({ casUrl: z.url(), exp: z.number(), accessToken: z.string().min(1) });
type WriteToken = z.infer<typeof WriteToken>;
/** A token that runs out during an upload is of no use. */
const SPARE_SECONDS = 60;
/** Xorbs of one pack on their way at once. */
const PARALLEL_XORBS = 2;

/**
 * Write tokens by bucket, for one client. Kept with the Hub token they were got with, so that a rotated
 * token is never outlived by its write tokens.
 */
export class WriteTokens {
  readonly #http: HubHttp;
  readonly #now: () => number;
  readonly #tokens = new Map<string, { hubToken: string | undefined; promise: Promise<WriteToken> }>();

  constructor(http: HubHttp) {
    this.#http = http;
    this.#now = http.options.now ?? Date.now;
  }

  async get(bucket: string): Promise<WriteToken> {
    const hubToken = this.#http.token();
    const known = this.#tokens.get(bucket);
    if (known && known.hubToken === hubToken) {
      const token = await known.promise.catch(() => null);
      if (token && token.exp - this.#now() / 1000 > SPARE_SECONDS) return token;
      // Another upload may have asked for a new one meanwhile.
      const newer = this.#tokens.get(bucket);
      if (newer && newer !== known && newer.hubToken === hubToken) return newer.promise;
    }
    const promise = this.#fetch(bucket);
    this.#tokens.set(bucket, { hubToken, promise });
    return promise;
  }

  forget(bucket: string): void {
    this.#tokens.delete(bucket);
  }

  async #fetch(bucket: string): Promise<WriteToken> {
    const request = { method: "GET", url: `/api/buckets/${bucket}/xet-write-token` } as const;
    const parsed = WriteToken.safeParse((await this.#http.send(request)).json());
    if (!parsed.success) throw unexpected(request, "a storage token");
    return parsed.data;
  }
}

/** Uploads the xorbs, then the shard. Repeating it is harmless: everything is named by its content. */
export async function uploadPack(
  http: HubHttp,
  tokens: WriteTokens,
  bucket: string,
  pack: Pack,
): Promise<void> {
  const send = async (path: string, bytes: Uint8Array) => {
    for (let fresh = false; ; fresh = true) {
      const token = await tokens.get(bucket);
      const request: HubRequest = {
        method: "POST",
        url: token.casUrl.replace(/\/+$/, "") + path,
        bearer: token.accessToken,
        body: { bytes, type: "application/octet-stream" },
      };
      try {
        return await http.send(request);
      } catch (error) {
        // Revoked early, or the storage was replaced: once more with a new token.
        if (fresh || !(error instanceof HubError) || error.status !== 401) throw error;
        tokens.forget(bucket);
      }
    }
  };
  for (let i = 0; i < pack.xorbs.length; i += PARALLEL_XORBS) {
    const group = pack.xorbs.slice(i, i + PARALLEL_XORBS);
    await Promise.all(group.map((xorb) => send(`/v1/xorbs/default/${xorb.hex}`, xorb.bytes)));
  }
  await send("/v1/shards", pack.shard);
}
