/** The order of a start: what can be read first, then the lease, then what is owed. */
import { HubError } from "../../../hub/errors.ts";
import type { BoardWriter } from "../board/types.ts";
import type { Lease } from "./lease.ts";
import { type Persistence, persist } from "./persist.ts";
import {
  completeLastGroup,
  foundFiles,
  groupsSince,
  type Loaded,
  lastOf,
  load,
  type RecoverOptions,
} from "./recovery.ts";
import { foundFile } from "./scan.ts";

export interface RestoreOptions extends RecoverOptions {
  board: BoardWriter;
  lease: Lease;
  /** What organisers hide must not be seen: before anybody asks the filled board, and again once it is ours to write. */
  takeInEdits(isWriter: boolean): Promise<void>;
  onLoaded: (() => void) | undefined;
  signal: AbortSignal;
  persistence: Persistence;
}

/** Resolves when this process holds the lease and memory, board and central bucket agree. */
export async function restore(options: RestoreOptions): Promise<Loaded> {
  const { memory, board, lease, signal, persistence } = options;
  const held = await persist("taking the lease", () => lease.tryAcquire(signal), signal, persistence);
  let loaded = await loadPatiently(options, held);
  board.startFrom(memory.seq);
  await options.takeInEdits(held);
  options.onLoaded?.();
  if (!held) {
    board.makeIndexes();
    await persist("taking the lease", () => lease.acquire(signal), signal, persistence);
    loaded = await catchUp(options, loaded);
    await options.takeInEdits(true);
  }
  const fixes = await persist(
    "completing the last group",
    () => completeLastGroup(options, loaded, { signal, persistence }),
    signal,
    persistence,
  );
  for (const fix of fixes) memory.found(fix);
  board.applyFound(
    fixes.flatMap((fix) => (fix.op === "delete" ? [] : [foundFile(fix)])),
    fixes.flatMap((fix) => (fix.op === "delete" ? [fix.path] : [])),
  );
  board.makeIndexes();
  return loaded;
}

/** While another backend writes, a file may be merged away under the reader: then it reads again. */
async function loadPatiently(options: RestoreOptions, held: boolean): Promise<Loaded> {
  const { signal, persistence } = options;
  const restoreOnce = () => load(options, options.board);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await persist("restoring the record", restoreOnce, signal, persistence);
    } catch (error) {
      if (held || error instanceof HubError || attempt >= 5 || signal.aborted) throw error;
      await persistence.sleep(persistence.firstWaitMs, signal);
    }
  }
}

/** What the other backend wrote between our reading and its end. */
async function catchUp(options: RestoreOptions, loaded: Loaded): Promise<Loaded> {
  const { audit, memory, board, signal, persistence } = options;
  const since = () => groupsSince(audit, memory.seq, loaded);
  const news = await persist("reading what the other backend wrote", since, signal, persistence);
  if (news) {
    for (const group of news.groups) {
      memory.apply(group);
      board.apply(group);
    }
    const lastGroups = news.groups.length > 0 ? lastOf(news.groups) : loaded.lastGroups;
    return { ...loaded, ...news.files, lastGroups };
  }
  const restoreAgain = async () => {
    const again = await load(options);
    await memory.complete();
    return again;
  };
  const again = await persist("restoring the record", restoreAgain, signal, persistence);
  // Readers are there already: they see each file once, as it is now.
  for await (const files of foundFiles(memory)) board.applyFound(files);
  board.applyFound([], [...memory.deletedPaths()]);
  board.startFrom(memory.seq);
  return again;
}
