/**
 * A long history in seconds: the snapshots that a backend would have written of it, by the code that writes
 * them. The files themselves are not in the central bucket: a start reads them from the snapshots.
 */
import type { HubBucket } from "../../../template/hub/types.ts";
import { filenameStamp } from "../../../template/spaces/backend/documents/stamp.ts";
import { RECORD_LIMITS } from "../../../template/spaces/backend/record/limits.ts";
import { RecordMemory } from "../../../template/spaces/backend/record/memory.ts";
import { type SnapshotManifest, writeSnapshot } from "../../../template/spaces/backend/record/snapshot.ts";
import type { JournalEntry } from "../../../template/spaces/backend/record/types.ts";
import { post } from "../../backend/record/support.ts";

/** Entries of one group, as under load. */
const GROUP = 100;
const FIRST_STAMP = Date.UTC(2026, 0, 1);
const WRITER = "history0";

export interface HistoryOptions {
  messages: number;
  agents: readonly string[];
  text(n: number): string;
}

export async function writeHistory(audit: HubBucket, options: HistoryOptions): Promise<void> {
  const { messages, agents, text } = options;
  const memory = new RecordMemory();
  let newest: SnapshotManifest | null = null;
  const snapshot = async () => {
    const how = { seq: memory.seq, writer: WRITER, now: memory.lastStamp, flushAudit: true };
    newest = await writeSnapshot(audit, memory, newest, how);
  };
  for (const id of agents) {
    memory.found(
      { op: "put", path: `agents/${id}.md`, text: `---\nagent_name: ${id}\nhf_user: ada\n---\n` },
      0,
    );
  }
  for (let first = 0; first < messages; first += GROUP) {
    const count = Math.min(GROUP, messages - first);
    const entries = Array.from({ length: count }, (_, i) => {
      const n = first + i;
      return entryOf(FIRST_STAMP + n * 9_000, agents[n % agents.length] ?? "", text(n));
    });
    memory.apply({ seq: memory.seq + 1, entries });
    if ((first + count) % RECORD_LIMITS.snapshotEntries === 0) await snapshot();
  }
  await snapshot();
  memory.close();
}

function entryOf(stamp: number, author: string, body: string): JournalEntry {
  const { changes, audit } = post(author, body).prepare(stamp, {
    text: () => undefined,
    promoted: () => undefined,
  });
  const ts = new Date(stamp).toISOString();
  return {
    stamp,
    changes,
    audit: { ts, target_path: `message_board/${filenameStamp(stamp)}`, bytes: 0, ...audit },
  };
}
