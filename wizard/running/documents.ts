/** Documents of the board by their filenames, as organisers name them: where they lie, and what announces them. */
import { z } from "zod";
import type { HubBucket } from "../../template/hub/types.ts";
import { readDocument } from "../../template/spaces/backend/documents/frontmatter.ts";
import { UserError, usageError } from "../terminal/errors.ts";
import type { CollabApi } from "./api.ts";
import type { RunningCollab } from "./find.ts";
import { shortValue } from "./results.ts";

/** Names that may stand in a path of ours. */
const FILENAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,150}\.md$/;
/** Many files have these names; each is known by its folder, and moderation knows files by their names alone. */
const NOT_ALONE = ["readme.md", "manifest.md"];

/** The filename in a bare one, a path in the central bucket, or a link to either. Exit 2 for what has none. */
export function filenameIn(text: string): string {
  const parts = decoded(text.trim()).split(/[/?#=&]/);
  const name = parts.findLast((part) => part.endsWith(".md")) ?? "";
  const shown = JSON.stringify(shortValue(text));
  if (!FILENAME.test(name)) {
    throw usageError(
      `${shown} is not the name of a message, note or result.`,
      "They look like 20260601-100000-000_agent.md; a path or a link that ends with one will do. The collab directory goes into --dir.",
    );
  }
  if (!NOT_ALONE.includes(name.toLowerCase())) return name;
  throw usageError(
    `${shown} cannot be hidden: traces and the READMEs of taskforces can only be deleted, in the bucket.`,
    "See docs/moderation.md.",
  );
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const Document = z.looseObject({ filename: z.string() });

/** Paths in the central bucket of what the board shows under this name; of a message, without its copies. */
export async function placesOf(filename: string, { api, hub, names }: RunningCollab): Promise<string[]> {
  const central = hub.bucket(names.centralBucket);
  const registration = `agents/${filename}`;
  const [isMessage, isResult, found] = await Promise.all([
    answers(api, `/v1/messages/${filename}`),
    answers(api, `/v1/results/${filename}`),
    central.stat([registration]),
  ]);
  const places = [
    ...(isResult ? [`results/${filename}`] : []),
    ...(isMessage ? [`message_board/${filename}`] : []),
    ...(found.has(registration) ? [registration] : []),
  ];
  return places.length > 0 ? places : notesOf(filename, central);
}

/** The board is asked, not the bucket: what was deleted there stays on the board for a while. */
async function answers(api: CollabApi, path: string): Promise<boolean> {
  try {
    await api.get(path, Document);
    return true;
  } catch (error) {
    if (error instanceof UserError && error.data?.status === 404) return false;
    throw error;
  }
}

async function notesOf(filename: string, central: HubBucket): Promise<string[]> {
  const places: string[] = [];
  for await (const { type, path } of central.list("taskforces"))
    if (type === "file" && path.endsWith(`/${filename}`)) places.push(path);
  return places;
}

/** The newest names, to find the one that was meant. */
export async function newestNames(api: CollabApi): Promise<string[]> {
  const page = z.object({ items: z.array(z.string()) });
  const lists = ["/v1/messages?limit=500", "/v1/results?limit=500"];
  return (await Promise.all(lists.map((list) => api.get(list, page)))).flatMap(({ items }) => items);
}

const Announcements = z.object({
  items: z.array(z.looseObject({ filename: z.string(), frontmatter: z.record(z.string(), z.unknown()) })),
  next: z.string().nullable(),
});
const PAGE = 200;

/**
 * Messages in which the server tells of a result: its verdicts. The announcement that came with the result has the
 * result's own filename. Those that are hidden already are not among them, as no search finds them.
 */
export async function announcementsOf(result: string, api: CollabApi): Promise<string[]> {
  const found: string[] = [];
  for (let after: string | null = ""; after !== null; ) {
    const cursor: string = after === "" ? "" : `&after=${encodeURIComponent(after)}`;
    const path = `/v1/messages?via=server&q=${result}&order=asc&excerpt=1&limit=${PAGE}${cursor}`;
    const page: z.infer<typeof Announcements> = await api.get(path, Announcements);
    for (const { filename, frontmatter } of page.items)
      if (FILENAME.test(filename) && refersTo(frontmatter, result)) found.push(filename);
    after = page.next;
  }
  return found;
}

const MAX_BYTES = 16 * 1024 * 1024;
const PARALLEL_READS = 8;

/** Those of the hidden messages in which the server tells of one of `results`: the board gives their `refs` no more. */
export async function hiddenAnnouncementsOf(
  results: readonly string[],
  hidden: readonly string[],
  central: HubBucket,
): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const queue = hidden.filter((name) => FILENAME.test(name));
  const work = async () => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const text = await central.readText(`message_board/${name}`, { maxBytes: MAX_BYTES });
      const { frontmatter } = readDocument(text ?? "");
      const about = results.find((result) => refersTo(frontmatter, result));
      if (frontmatter.via === "server" && about !== undefined) found.set(name, about);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, work));
  return found;
}

function refersTo({ refs }: Record<string, unknown>, filename: string): boolean {
  const named = Array.isArray(refs) ? refs : typeof refs === "string" ? refs.split(/[\s,]+/) : [];
  return named.some((ref) => typeof ref === "string" && ref.replace(/^.*\//, "") === filename);
}
