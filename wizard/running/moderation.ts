/** What is hidden from the board: `moderation.json` in the central bucket, which the backend takes up. */
import type { z } from "zod";
import type { HubBucket } from "../../template/hub/types.ts";
import { MODERATION_FILE, ModerationFile } from "../../template/spaces/backend/board/moderation.ts";
import { RECORD_LIMITS } from "../../template/spaces/backend/record/limits.ts";
import { UserError } from "../terminal/errors.ts";

/** The backend takes up a change of the file within this time. */
export const TAKEN_UP_WITHIN_SECONDS = Math.ceil(RECORD_LIMITS.editsWithinMs / 1000);

const MAX_BYTES = 16 * 1024 * 1024;
const ATTEMPTS = 5;

/** Filenames with the reasons that everybody sees. Throws `moderation_unreadable`. */
export async function readHidden(bucket: HubBucket): Promise<Map<string, string>> {
  return new Map(Object.entries((await read(bucket)).hidden));
}

/**
 * Adds `filenames` to what is hidden, with the reason that everybody sees; one that was hidden for another
 * reason gets this one. Nothing is written where nothing changes.
 */
export function hideDocuments(
  bucket: HubBucket,
  filenames: readonly string[],
  reason: string,
): Promise<void> {
  return edit(bucket, (hidden) => {
    for (const name of filenames) hidden.set(name, reason);
  });
}

/** Takes `filenames` out of what is hidden; the board shows them again. */
export function showDocuments(bucket: HubBucket, filenames: readonly string[]): Promise<void> {
  return edit(bucket, (hidden) => {
    for (const name of filenames) hidden.delete(name);
  });
}

/**
 * The Hub has no compare-and-swap: the file is looked at again right before it is replaced. One that cannot be
 * read is left alone.
 */
async function edit(bucket: HubBucket, change: (hidden: Map<string, string>) => void): Promise<void> {
  const hash = async () => (await bucket.stat([MODERATION_FILE])).get(MODERATION_FILE)?.xetHash ?? null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await hash();
    const moderation = await read(bucket);
    const hidden = new Map(Object.entries(moderation.hidden));
    change(hidden);
    const changed = { ...moderation, hidden: Object.fromEntries(hidden) };
    if (JSON.stringify(changed) === JSON.stringify(moderation)) return;
    const content = `${JSON.stringify(changed, null, 2)}\n`;
    const staged = await bucket.stage([{ path: MODERATION_FILE, content, contentType: "application/json" }]);
    if ((await hash()) !== before) continue;
    await bucket.publish({ staged });
    return;
  }
  throw new UserError({
    code: "changed_meanwhile",
    message: `${bucket.id}/${MODERATION_FILE} is changed by somebody else again and again.`,
    fix: "Run the command again in a moment.",
  });
}

async function read(bucket: HubBucket): Promise<z.infer<typeof ModerationFile>> {
  const text = await bucket.readText(MODERATION_FILE, { maxBytes: MAX_BYTES });
  try {
    return ModerationFile.parse(JSON.parse(text ?? "{}"));
  } catch (cause) {
    throw new UserError({
      code: "moderation_unreadable",
      message: `${bucket.id}/${MODERATION_FILE} is not what hides documents, so it was left as it is.`,
      fix: 'Mend the file by hand; its form is {"hidden": {"<filename>": "<reason>"}}, each reason 500 characters at most.',
      cause,
    });
  }
}
