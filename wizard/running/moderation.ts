/** Hiding documents from the board: `moderation.json` in the central bucket, which the backend takes up. */
import { z } from "zod";
import type { HubBucket } from "../../template/hub/types.ts";
import { MODERATION_FILE } from "../../template/spaces/backend/board/moderation.ts";
import { UserError } from "../terminal/errors.ts";

const Moderation = z.looseObject({ hidden: z.record(z.string(), z.string()).default({}) });

const MAX_BYTES = 16 * 1024 * 1024;
const ATTEMPTS = 5;

/**
 * Adds `filenames` to what is hidden, with the reason that everybody sees. The Hub has no compare-and-swap:
 * the file is looked at again right before it is replaced. One that cannot be read is left alone.
 */
export async function hideDocuments(
  bucket: HubBucket,
  filenames: readonly string[],
  reason: string,
): Promise<void> {
  const hash = async () => (await bucket.stat([MODERATION_FILE])).get(MODERATION_FILE)?.xetHash ?? null;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const before = await hash();
    const text = await bucket.readText(MODERATION_FILE, { maxBytes: MAX_BYTES });
    const moderation = parse(text, bucket.id);
    for (const name of filenames) moderation.hidden[name] = reason;
    const content = `${JSON.stringify(moderation, null, 2)}\n`;
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

function parse(text: string | null, bucket: string): z.infer<typeof Moderation> {
  try {
    return Moderation.parse(JSON.parse(text ?? "{}"));
  } catch (cause) {
    throw new UserError({
      code: "moderation_unreadable",
      message: `${bucket}/${MODERATION_FILE} is not what hides documents, so it was left as it is.`,
      fix: 'Mend the file by hand; its form is {"hidden": {"<filename>": "<reason>"}}.',
      cause,
    });
  }
}
