/** Carries what a Job writes into a read-write volume back to the bucket, while it runs and when it ends. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { applyBatch, type BatchOperation } from "../buckets/batch.ts";
import { BucketStore, xetTarget } from "../buckets/bucket-store.ts";
import { EntryStore } from "../buckets/entry-store.ts";
import { pathProblem } from "../buckets/paths.ts";
import type { Caller, HubContext } from "../context.ts";
import { transaction } from "../database.ts";
import { EMPTY_FILE_HASH } from "../xet/hashes.ts";
import { xetOf } from "../xet/store.ts";
import { ContentPacker } from "./content-packer.ts";
import type { JobVolume } from "./job-spec.ts";
import { isSame, type Snapshot, snapshot } from "./volume-folder.ts";

const INTERVAL_MS = 2_000;
/** A file that was just written is likely to be written again: it waits until it rests so long, … */
const REST_MS = 1_000;
/** … but not longer than this, or a log that always grows would never be seen. */
const LONGEST_WAIT_MS = 10_000;

export class WriteBack {
  readonly #hub: HubContext;
  readonly #caller: Caller;
  readonly #volume: JobVolume;
  readonly #folder: string;
  readonly #warn: (line: string) => void;
  /** Files as they are in the bucket. */
  #known: Snapshot = new Map();
  /** Since when a changed file has been waiting, in milliseconds since the epoch. */
  readonly #waiting = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    hub: HubContext,
    options: { caller: Caller; volume: JobVolume; folder: string; warn: (line: string) => void },
  ) {
    this.#hub = hub;
    this.#caller = options.caller;
    this.#volume = options.volume;
    this.#folder = options.folder;
    this.#warn = options.warn;
  }

  /** What is in the folder now is in the bucket already. From here on changes are looked for. */
  async start(): Promise<void> {
    this.#known = await snapshot(this.#folder);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#running = this.#guarded(false).then(() => this.#schedule());
    }, INTERVAL_MS);
  }

  /** Looks a last time. Resolves when everything is in the bucket. */
  async finish(): Promise<void> {
    await this.#running;
    clearTimeout(this.#timer);
    await this.#guarded(true);
  }

  /** What fails while the Job runs (a file that goes away while it is read) is tried again; the last time it is told. */
  async #guarded(isLast: boolean): Promise<void> {
    try {
      await this.#sync(isLast);
    } catch (error) {
      const { mountPath } = this.#volume;
      if (isLast) this.#warn(`Volume ${mountPath}: changes could not be stored: ${(error as Error).message}`);
    }
  }

  /** Is a changed file to be stored now? File times are the machine's, whatever the hub's clock says. */
  #isDue(path: string, mtimeMs: number): boolean {
    const now = Date.now();
    const since = this.#waiting.get(path) ?? now;
    this.#waiting.set(path, since);
    return now - mtimeMs >= REST_MS || now - since >= LONGEST_WAIT_MS;
  }

  async #sync(isLast: boolean): Promise<void> {
    const now = await snapshot(this.#folder);
    const prefix = this.#volume.path === "" ? "" : `${this.#volume.path}/`;
    const changed = [...now].filter(
      ([path, print]) =>
        !isSame(this.#known.get(path), print) && (isLast || this.#isDue(path, print.mtimeMs)),
    );
    const gone = [...this.#known.keys()].filter((path) => !now.has(path));
    if (changed.length === 0 && gone.length === 0) return;

    const store = xetOf(this.#hub);
    const packer = new ContentPacker(store);
    const operations: BatchOperation[] = [];
    for (const [path, print] of changed) {
      if (pathProblem(prefix + path) !== null) continue;
      const { hash } = await packer.add(createReadStream(join(this.#folder, path)));
      operations.push({
        type: "addFile",
        path: prefix + path,
        xetHash: hash,
        mtime: Math.floor(print.mtimeMs),
      });
    }
    operations.push(...gone.map((path): BatchOperation => ({ type: "deleteFile", path: prefix + path })));
    const files = await packer.finish();

    const buckets = new BucketStore(this.#hub.db);
    const bucket = buckets.find(this.#volume.source);
    if (bucket === undefined) throw new Error(`the bucket ${this.#volume.source} is gone`);
    const result = transaction(this.#hub.db, () => {
      for (const file of files) {
        if (file.hash === EMPTY_FILE_HASH) continue;
        store.files.addUpload(xetTarget(bucket), this.#caller.user, file.hash);
        store.files.add(file);
      }
      return applyBatch(operations, {
        buckets,
        entries: new EntryStore(this.#hub.db),
        xet: store,
        caller: this.#caller,
        bucket,
        now: this.#hub.now(),
        copyProblem: () => "not a copy",
        injectedProblem: () => null,
      });
    });
    for (const { path, error } of result.failed)
      this.#warn(`Volume ${this.#volume.mountPath}: ${path}: ${error}`);
    for (const path of gone) this.#known.delete(path);
    for (const [path, print] of changed) {
      this.#known.set(path, print);
      this.#waiting.delete(path);
    }
  }
}
