/** What is in the source of a volume: files with a way to read them. */
import { BucketStore } from "../buckets/bucket-store.ts";
import { EntryStore } from "../buckets/entry-store.ts";
import type { Caller, HubContext, Owned } from "../context.ts";
import { repoNotFound } from "../errors.ts";
import { resolveRevision } from "../repos/revision.ts";
import { findRepo, type Repo, readBlob, readTree } from "../repos/store.ts";
import { readContent } from "../xet/content.ts";
import { xetOf } from "../xet/store.ts";
import type { JobVolume } from "./job-spec.ts";

export interface SourceFile {
  /** Relative to the volume's folder. */
  path: string;
  /** Milliseconds since the epoch. */
  mtime: number;
  content: AsyncIterable<Uint8Array>;
}

const PAGE = 1_000;

/** The bucket or repository behind a volume. Throws as the Hub does where `caller` may not use it so. */
export function requireVolume(hub: HubContext, caller: Caller, volume: JobVolume): void {
  const owned: Owned | null | undefined =
    volume.type === "bucket"
      ? new BucketStore(hub.db).find(volume.source)
      : findRepo(hub, volume.type, volume.source);
  if (owned == null) throw repoNotFound(false);
  if (volume.readOnly) hub.accounts.requireRead(caller, owned);
  else hub.accounts.requireWrite(caller, owned);
  if (volume.type !== "bucket") resolveRevision(hub, owned as Repo, volume.revision ?? "main");
}

/** The files under the volume's folder, in order of path. */
export function filesOf(hub: HubContext, volume: JobVolume): Iterable<SourceFile> {
  return volume.type === "bucket" ? bucketFiles(hub, volume) : repoFiles(hub, volume);
}

const prefixOf = (volume: JobVolume) => (volume.path === "" ? "" : `${volume.path}/`);

function* bucketFiles(hub: HubContext, volume: JobVolume): Iterable<SourceFile> {
  const bucket = new BucketStore(hub.db).find(volume.source);
  if (bucket === undefined) return;
  const entries = new EntryStore(hub.db);
  const store = xetOf(hub);
  const prefix = prefixOf(volume);
  for (let from = prefix; ; ) {
    const page = entries.from(bucket.key, from, PAGE);
    for (const { path, hash, mtime } of page) {
      if (!path.startsWith(prefix)) return;
      const file = store.file(hash);
      if (file === undefined) throw new Error(`the content of ${path} is missing from the store`);
      const content = readContent(store, file, { start: 0, end: file.size });
      yield { path: path.slice(prefix.length), mtime, content };
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    from = `${last.path}\u0000`;
  }
}

function* repoFiles(hub: HubContext, volume: JobVolume): Iterable<SourceFile> {
  if (volume.type === "bucket") return;
  const repo = findRepo(hub, volume.type, volume.source);
  if (repo === null) return;
  const commit = resolveRevision(hub, repo, volume.revision ?? "main");
  const prefix = prefixOf(volume);
  for (const [path, { oid }] of readTree(hub, repo.oid, commit) ?? []) {
    if (!path.startsWith(prefix)) continue;
    yield { path: path.slice(prefix.length), mtime: repo.updatedAt, content: once(() => readBlob(hub, oid)) };
  }
}

async function* once(read: () => Uint8Array): AsyncGenerator<Uint8Array> {
  yield read();
}
