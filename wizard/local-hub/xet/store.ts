/** Xet storage of one hub: the one object that buckets and repositories need to know. */
import type { Caller, HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { FileStore, type StoredFile } from "./file-store.ts";
import { EMPTY_FILE_HASH } from "./hashes.ts";
import { openSigner, type Signer } from "./signer.ts";
import type { XorbIndex } from "./xorb-index.ts";
import { XorbStore } from "./xorb-store.ts";

/** A part of the hub whose entries point at files in Xet storage. */
export interface FileHolder {
  /** Has the bucket or repository `target` an entry with this content? */
  holds(target: string, hash: string): boolean;
  /** Has any that `caller` can read? */
  canRead(caller: Caller, hash: string): boolean;
  /** Every file hash with an entry: what must not be collected. */
  hashes(): Iterable<string>;
}

export class XetStore {
  readonly xorbs: XorbStore;
  readonly files: FileStore;
  readonly signer: Signer;
  readonly holders: FileHolder[] = [];

  constructor(hub: HubContext) {
    const now = () => hub.now();
    this.xorbs = new XorbStore(hub.dataDir, hub.db, now);
    this.files = new FileStore(hub.db, now);
    this.signer = openSigner(hub.db);
  }

  /** The index of a xorb that a registered file refers to. */
  readonly indexOf = (xorb: string): XorbIndex => {
    const index = this.xorbs.index(xorb);
    if (index === undefined) throw new HubHttpError(500, `Xorb ${xorb} is missing from the store`);
    return index;
  };

  file(hash: string): StoredFile | undefined {
    return this.files.get(hash);
  }

  /**
   * May `caller` make an entry of `target` from this content? Only if they uploaded it with a write token for
   * `target` or can read it elsewhere: knowing a hash must not be a way to read private data.
   */
  mayAdd(caller: Caller, target: string, hash: string): boolean {
    if (hash === EMPTY_FILE_HASH) return true;
    if (this.files.size(hash) === undefined) return false;
    return (
      this.files.hasUploaded(target, caller.user, hash) ||
      this.holders.some((holder) => holder.holds(target, hash) || holder.canRead(caller, hash))
    );
  }

  /** May the bearer of a token for `target` read this content? */
  mayRead(target: string, user: string | null, hash: string): boolean {
    if (this.files.size(hash) === undefined) return false;
    return (
      hash === EMPTY_FILE_HASH ||
      this.holders.some((holder) => holder.holds(target, hash)) ||
      (user !== null && this.files.hasUploaded(target, user, hash))
    );
  }
}

const stores = new WeakMap<HubContext, XetStore>();

/** The Xet storage of `hub`, made on first use. */
export function xetOf(hub: HubContext): XetStore {
  const store = stores.get(hub) ?? new XetStore(hub);
  stores.set(hub, store);
  return store;
}
