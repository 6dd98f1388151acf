/** Forming a group: stamps, names and journal entries, one intent after the other. */

import { isoStamp, type Stamp } from "../documents/stamp.ts";
import { keyConflict } from "./commit-errors.ts";
import type { GroupView } from "./pending.ts";
import type { JournalEntry, Prepared, WriteIntent } from "./types.ts";
import type { Waiting } from "./waiting.ts";

export interface FormedGroup {
  entries: JournalEntry[];
  /** In the order of `entries`. */
  accepted: { waiting: Waiting; response: unknown }[];
  /** What the group will have written, for the one formed after it. */
  view: GroupView;
}

/** What one group may hold; the rest of the queue goes with the next. */
export const GROUP_BOUNDS = { entries: 500, files: 900, characters: 4 * 1024 * 1024 } as const;

export interface StampClock {
  /** Later than every stamp before it, also when the clock steps back. */
  next(): Stamp;
}

/**
 * Takes intents from the front of `queue` until the group has `most` entries or is full. An intent that refuses is answered at
 * once and leaves nothing behind; one that repeats a write which is on its way stays in the queue.
 */
export function formGroup(queue: Waiting[], clock: StampClock, view: GroupView, most: number): FormedGroup {
  const group: FormedGroup = { entries: [], accepted: [], view };
  let files = 0;
  let characters = 0;
  const repeats: Waiting[] = [];
  while (queue.length > 0 && group.entries.length < most) {
    if (files >= GROUP_BOUNDS.files || characters >= GROUP_BOUNDS.characters) break;
    const waiting = queue.shift();
    if (!waiting) break;
    const repeated = answerBefore(waiting, view);
    if (repeated === "on its way") repeats.push(waiting);
    if (repeated !== undefined) continue;
    const stamp = clock.next();
    let prepared: Prepared<unknown>;
    try {
      prepared = waiting.intent.prepare(stamp, view);
    } catch (error) {
      waiting.reject(error);
      continue;
    }
    view.add(prepared, waiting.intent);
    group.entries.push(toEntry(prepared, waiting.intent, stamp));
    group.accepted.push({ waiting, response: prepared.response });
    files += prepared.changes.length;
    for (const change of prepared.changes) characters += change.op === "put" ? change.text.length : 0;
  }
  queue.unshift(...repeats);
  return group;
}

/** Answers a request that was answered before under the same key; `undefined` for a new one. */
function answerBefore(waiting: Waiting, view: GroupView): "answered" | "on its way" | undefined {
  const { idempotency } = waiting.intent;
  if (!idempotency) return undefined;
  const { owner, key, requestSha256 } = idempotency;
  const known = view.answer(owner, key);
  if (known === undefined || known === "on its way") return known;
  if (known.request_sha256 === requestSha256) waiting.resolve(known.body);
  else waiting.reject(keyConflict(key));
  return "answered";
}

function toEntry(
  prepared: Prepared<unknown>,
  { idempotency }: WriteIntent<unknown>,
  stamp: Stamp,
): JournalEntry {
  const { changes, audit, targetPath, agentKey, promoted, response } = prepared;
  const [first] = changes;
  const bytes = first?.op === "put" ? Buffer.byteLength(first.text) : first?.op === "copy" ? first.size : 0;
  return {
    stamp,
    changes,
    audit: { ts: isoStamp(stamp), target_path: targetPath ?? first?.path ?? "", bytes, ...audit },
    ...(agentKey && { agent_key: agentKey }),
    ...(promoted && { promoted }),
    ...(idempotency && {
      answer: {
        owner: idempotency.owner,
        key: idempotency.key,
        request_sha256: idempotency.requestSha256,
        status: idempotency.status,
        body: response,
      },
    }),
  };
}
