/** A message and its copies, as files (api-v1.md 2.5, 6.2, 6.5). */
import type { FileChange } from "../record/types.ts";
import { type Recipients, recipientsOf } from "./mentions.ts";
import { serialiseDocument } from "./serialise.ts";
import { filenameStamp, frontmatterStamp, type Stamp } from "./stamp.ts";
import { mappingOf, type YamlMapping, type YamlValue } from "./yaml-values.ts";

interface Content {
  /** Agent id or human handle. */
  author: string;
  body: string;
}

/** What a message is made from; each kind is stamped its own way. */
export type MessageInput =
  | (Content & { kind: "source"; frontmatter: YamlMapping; refs?: string | null })
  | (Content & { kind: "raw" | "human"; type?: string | null; refs?: string | null; extra?: YamlMapping })
  | (Content & { kind: "broadcast"; type?: string | null; refs?: string | null; extra?: YamlMapping })
  | (Content & { kind: "server"; refs: readonly string[] });

export type MessageVia = "bucket" | "raw" | "dashboard" | "server";

export interface BuiltMessage {
  filename: string;
  path: string;
  via: MessageVia;
  mentionsDelivered: string[];
  broadcast: boolean;
  changes: FileChange[];
}

const VIA = {
  source: "bucket",
  raw: "raw",
  human: "dashboard",
  broadcast: "dashboard",
  server: "server",
} as const;

/** The board file and, in the same group, its inbox copies or the copy in `broadcasts/`. */
export function buildMessage(
  input: MessageInput,
  stamp: Stamp,
  delivery: Pick<Recipients, "isRegistered" | "cap">,
): BuiltMessage {
  const { author, body, kind } = input;
  const frontmatter = clientPart(input);
  frontmatter.set("agent", author);
  frontmatter.set("timestamp", frontmatterStamp(stamp));
  frontmatter.set("via", VIA[kind]);
  const broadcast = kind === "broadcast";
  if (broadcast) frontmatter.set("broadcast", true);

  const filename = `${filenameStamp(stamp)}_${author}.md`;
  const path = `message_board/${filename}`;
  const text = serialiseDocument(frontmatter, body);
  const mentionsDelivered = broadcast
    ? []
    : recipientsOf({ author, body, refs: frontmatter.get("refs"), ...delivery });
  const copies = broadcast
    ? [`broadcasts/${filename}`]
    : mentionsDelivered.map((recipient) => `inbox/${recipient}/${filename}`);
  const changes = [path, ...copies].map((to): FileChange => ({ op: "put", path: to, text }));
  return { filename, path, via: VIA[kind], mentionsDelivered, broadcast, changes };
}

function clientPart(input: MessageInput): YamlMapping {
  if (input.kind === "server") return mappingOf({ type: "verification", refs: [...input.refs] });
  if (input.kind === "source") {
    const frontmatter: YamlMapping = new Map(input.frontmatter);
    if (!frontmatter.has("type")) frontmatter.set("type", "agent");
    if (input.refs != null) frontmatter.set("refs", input.refs);
    return frontmatter;
  }
  const type: YamlValue = input.type || (input.kind === "raw" ? "agent" : "user");
  const frontmatter = mappingOf({ type, refs: input.refs ?? undefined });
  for (const [key, value] of input.extra ?? []) if (!frontmatter.has(key)) frontmatter.set(key, value);
  return frontmatter;
}
