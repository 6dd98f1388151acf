/** Parameters of the list grammar and their meaning (api-v1.md section 4). */
import { z } from "@hono/zod-openapi";
import type { ListPage, ListQuery, ListRow } from "../board/queries/list.ts";
import { requireId } from "../documents/naming.ts";
import { queryStamp } from "../documents/query-stamp.ts";
import { flag, integer, optionalText } from "./fields.ts";

/** Largest page of whole records. */
export const EXPAND_MAX_LIMIT = 200;
/** Largest page of names: what `limit=0`, "all", comes to on a very long list; `next` leads on. */
const NAMES_MAX_LIMIT = 10_000;
const DEFAULT_LIMIT = 10;

/** What every list takes. */
export const pageParams = {
  q: optionalText("Case-insensitive text in the body or in one frontmatter line."),
  after: optionalText("Exclusive lower bound: a filename. Keep the newest one you saw and pass it here."),
  before: optionalText("Exclusive upper bound: a filename."),
  order: z
    .string()
    .default("desc")
    .openapi({ enum: ["asc", "desc"], description: "desc is newest first; use asc to follow a list." }),
  limit: integer("Items of this page; 0 or less is all.", { default: DEFAULT_LIMIT }),
  expand: flag(false, `Whole records instead of filenames; at most ${EXPAND_MAX_LIMIT} a page.`),
  excerpt: integer(
    "Records with at most so many characters of each body; body_length is the length of a cut one.",
  ),
};

/** What lists of stamped documents take as well. */
export const stampedParams = {
  agent: optionalText("Only of this author."),
  since: optionalText("Inclusive: 2026-06-01, 2026-06-01T10:00:00Z or 20260601-100000."),
  until: optionalText("Inclusive; a date is its first moment."),
};

export interface PageParams {
  q?: string;
  after?: string;
  before?: string;
  order: string;
  limit?: number;
  expand: boolean;
  excerpt?: number;
}

/** Records were asked for, not names. */
const wantsRecords = ({ expand, excerpt }: Pick<PageParams, "expand" | "excerpt">) =>
  expand || excerpt !== undefined;

interface StampedParams extends PageParams {
  agent?: string;
  since?: string;
  until?: string;
}

export function pageQuery(params: PageParams, options: { defaultLimit?: number | null } = {}): ListQuery {
  const { defaultLimit = DEFAULT_LIMIT } = options;
  const asked = params.limit ?? defaultLimit;
  const max = wantsRecords(params) ? EXPAND_MAX_LIMIT : NAMES_MAX_LIMIT;
  return {
    q: params.q,
    after: params.after,
    before: params.before,
    order: params.order === "desc" ? "desc" : "asc",
    limit: asked === null || asked <= 0 || asked > max ? max : asked,
    namesOnly: !wantsRecords(params),
  };
}

/** Checked in the order of the API: author, then `between` (what a route checks itself), then the times. */
export function stampedQuery(params: StampedParams, between?: () => void): ListQuery {
  const agent = params.agent === undefined ? undefined : requireId(params.agent, "agent id");
  between?.();
  const since = params.since === undefined ? undefined : queryStamp(params.since, "since");
  const until = params.until === undefined ? undefined : queryStamp(params.until, "until");
  return { ...pageQuery(params), since, until, filters: { "d.author": agent } };
}

/** `record` with its body cut to `max` characters; as it is where that is all of it. */
function withExcerpt<T>(record: T, max: number): T | (T & { body_length: number }) {
  const { body } = record as { body?: unknown };
  if (typeof body !== "string" || body.length <= max) return record;
  // Half of a pair would be no character.
  const cut = body.slice(0, Math.max(0, max)).replace(/[\ud800-\udbff]$/, "");
  return { ...record, body: `${cut}…`, body_length: body.length };
}

/** The envelope of every list; `view` makes a record of a row. */
export function listAnswer(
  page: ListPage,
  params: Pick<PageParams, "expand" | "excerpt">,
  view: (row: ListRow) => unknown,
  name: (row: ListRow) => string = (row) => row.key,
) {
  return {
    count: page.count,
    matched: page.matched,
    items: page.rows.map((row) => {
      if (!wantsRecords(params)) return name(row);
      return params.excerpt === undefined ? view(row) : withExcerpt(view(row), params.excerpt);
    }),
    next: page.next,
  };
}

/** Schema of that envelope. */
export const listOf = (record: z.ZodType) =>
  z.object({
    count: z.number().int().openapi({ description: "Records in the list, before any filter." }),
    matched: z.number().int().openapi({ description: "After filters, before cursors and limit." }),
    items: z.array(z.union([z.string(), record])),
    next: z
      .string()
      .nullable()
      .openapi({ description: "If not null, more remain: pass it as `before` (desc) or `after` (asc)." }),
  });
