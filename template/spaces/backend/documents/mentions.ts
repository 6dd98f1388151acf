/** Who a message reaches: mentions in the body and authors of `refs` (api-v1.md 6.1 to 6.3). */
import { authorOf, leafOf } from "./filenames.ts";
import { isHumanHandle, isId } from "./naming.ts";
import type { YamlValue } from "./yaml-values.ts";

/** `@` + the longest id, unless the character before looks like part of an address. No boundary after it. */
const MENTION = /(?<![A-Za-z0-9._%+-])@([a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?)/g;

/** Ids as they appear in `body`, in order, repeats included. */
export function mentionsIn(body: string): string[] {
  return [...body.matchAll(MENTION)].map(([, id = ""]) => id);
}

/** Authors of the files that `refs` names, in order. A folder before the filename is ignored. */
export function authorsOfRefs(refs: YamlValue | undefined): string[] {
  const tokens =
    typeof refs === "string"
      ? refs.split(/[\s,]+/)
      : Array.isArray(refs)
        ? refs.flatMap((item) => (typeof item === "string" ? [item.trim()] : []))
        : [];
  return tokens.filter((token) => token.endsWith(".md")).map((token) => authorOf(leafOf(token)));
}

export interface Recipients {
  author: string;
  body: string;
  refs: YamlValue | undefined;
  isRegistered(agentId: string): boolean;
  /** `limits.mention_fanout`. */
  cap: number;
}

/** At most `cap` inboxes, first come first served: agents that are registered, and any human handle. */
export function recipientsOf({ author, body, refs, isRegistered, cap }: Recipients): string[] {
  const taken: string[] = [];
  for (const id of [...mentionsIn(body), ...authorsOfRefs(refs)]) {
    if (taken.length >= cap) break;
    if (id === author || taken.includes(id) || !isId(id)) continue;
    if (isHumanHandle(id) || (id !== "human" && isRegistered(id))) taken.push(id);
  }
  return taken;
}
