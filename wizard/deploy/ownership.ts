/**
 * Whose a resource is. The mark lies on the Hub, so that another machine, or this one after a lost disk,
 * knows its own: a variable on a Space (set with its creation), a file in a bucket.
 */
import { z } from "zod";
import type { Collab } from "../../template/schema/collab.ts";
import { resourceNames } from "../../template/schema/collab.ts";

/** Variable of a Space that holds the owner. */
export const OWNER_VARIABLE = "AGENT_COLLAB_OWNER";
/** File in a bucket that holds the owner. */
export const OWNER_FILE = ".agent-collab.json";

const OwnerFile = z.looseObject({ owner: z.string() });

/** What identifies a collab everywhere: the full name of its central bucket. */
export function ownerOf(collab: Collab): string {
  return resourceNames(collab).centralBucket;
}

export function ownerFile(owner: string): string {
  const about = "Made by agent-collab (create-agent-collab). Names the collab this bucket belongs to.";
  return `${JSON.stringify({ owner, about }, null, 2)}\n`;
}

/** The owner that a file names; `null` if it names none. */
export function readOwnerFile(text: string | null): string | null {
  try {
    return OwnerFile.parse(JSON.parse(text ?? "")).owner;
  } catch {
    return null;
  }
}
