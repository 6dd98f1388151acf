/** What must hold of the buckets whenever nothing is in flight. */
import { expect } from "vitest";
import type { Hub } from "../../../template/hub/types.ts";
import { readDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { authorsOfRefs, mentionsIn } from "../../../template/spaces/backend/documents/mentions.ts";
import { decodeSegment } from "../../../template/spaces/backend/record/journal.ts";
import { RecordMemory } from "../../../template/spaces/backend/record/memory.ts";
import { load } from "../../../template/spaces/backend/record/recovery.ts";
import { AUDIT, CENTRAL, contents } from "./support.ts";

/** Every acknowledged message exactly once, no message without its copies, no copy without its message. */
export async function expectWholeRecord(hub: Hub, acknowledged: readonly string[]): Promise<void> {
  const files = await contents(hub, CENTRAL);
  const messages = [...files].filter(([path]) => path.startsWith("message_board/"));
  const names = new Set(messages.map(([path]) => path.slice("message_board/".length)));
  for (const filename of acknowledged) expect(names).toContain(filename);

  const expected = new Map(messages);
  for (const [path, text] of messages) {
    const { frontmatter, body } = readDocument(text);
    const recipients = [...mentionsIn(body), ...authorsOfRefs(frontmatter.refs as string | undefined)];
    for (const recipient of new Set(recipients)) {
      expected.set(`inbox/${recipient}/${path.slice("message_board/".length)}`, text);
    }
  }
  const found = new Map([...files].filter(([path]) => /^(?:message_board|inbox)\//.test(path)));
  expect([...found.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [path, text] of expected) expect(found.get(path), path).toBe(text);
  await expectJournalInBucket(hub, files);
}

/** The journal and the bucket agree: what a segment wrote last is what the bucket holds. */
export async function expectJournalInBucket(hub: Hub, files: ReadonlyMap<string, string>): Promise<void> {
  const last = new Map<string, string | null>();
  const segments = [...(await contents(hub, AUDIT))].filter(([path]) => path.startsWith("journal/")).sort();
  for (const [, text] of segments) {
    for (const entry of decodeSegment(text).entries) {
      for (const change of entry.changes) last.set(change.path, change.op === "put" ? change.text : null);
    }
  }
  for (const [path, text] of last) if (text !== null) expect(files.get(path), path).toBe(text);
}

/** What a start would restore from snapshot and journal is what the bucket holds. */
export async function expectSnapshotAndJournalInBucket(hub: Hub): Promise<void> {
  const memory = new RecordMemory();
  try {
    await load({ central: hub.bucket(CENTRAL), audit: hub.bucket(AUDIT), memory, log() {} });
    await memory.complete();
    const files = await contents(hub, CENTRAL);
    const restored = new Map([...memory.files()].map(({ path, text }) => [path, text]));
    for (const [path, text] of restored) if (text !== null) expect(files.get(path), path).toBe(text);
    const unknown = [...files.keys()].filter((path) => !restored.has(path));
    expect(unknown).toEqual([]);
  } finally {
    memory.close();
  }
}
