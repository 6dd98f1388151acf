/** Finding the bucket that a request names, for those who may. */
import type { Accounts, Caller, HubContext } from "../context.ts";
import { HubHttpError, repoNotFound } from "../errors.ts";
import type { HubRequest } from "../router.ts";
import type { Bucket, BucketStore } from "./bucket-store.ts";

export class BucketAccess {
  readonly #accounts: Accounts;
  readonly #buckets: BucketStore;

  constructor(hub: HubContext, buckets: BucketStore) {
    this.#accounts = hub.accounts;
    this.#buckets = buckets;
  }

  caller(c: HubRequest): Caller | null {
    return this.#accounts.authenticate(c.req.header("Authorization"));
  }

  /** The bucket of `:ns/:name`. Throws 401 or 404 when it is not there for this caller. */
  toRead(c: HubRequest): { caller: Caller | null; bucket: Bucket } {
    const caller = this.caller(c);
    const bucket = this.#find(caller, `${c.req.param("ns")}/${c.req.param("name")}`);
    this.#accounts.requireRead(caller, bucket);
    return { caller, bucket };
  }

  /** As `toRead`, and 403 when the caller may read but not write. */
  toWrite(c: HubRequest): { caller: Caller; bucket: Bucket } {
    return this.toWriteId(this.caller(c), `${c.req.param("ns")}/${c.req.param("name")}`);
  }

  toWriteId(caller: Caller | null, id: string): { caller: Caller; bucket: Bucket } {
    const bucket = this.#find(caller, id);
    this.#accounts.requireWrite(caller, bucket);
    return { caller, bucket };
  }

  /** The namespace of `:ns`, where `me` is the caller. */
  namespace(c: HubRequest, caller: Caller | null): string {
    const name = c.req.param("ns") ?? "";
    if (name !== "me") return name;
    if (caller === null) throw new HubHttpError(401, "'me' needs a token");
    return caller.user;
  }

  #find(caller: Caller | null, id: string): Bucket {
    const bucket = this.#buckets.find(id);
    if (bucket === undefined) throw repoNotFound(caller === null);
    return bucket;
  }
}
