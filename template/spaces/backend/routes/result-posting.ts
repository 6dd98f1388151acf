/** What both ways of posting a result have in common: the verdict of its own numbers, and its announcement. */
import { z } from "@hono/zod-openapi";
import { breachVerdict } from "../documents/breach-verdict.ts";
import { authorOf } from "../documents/filenames.ts";
import { buildMessage } from "../documents/message.ts";
import type { BuiltDocument } from "../documents/result.ts";
import type { Stamp } from "../documents/stamp.ts";
import { mappingOf, pythonText, type YamlMapping } from "../documents/yaml-values.ts";
import type { Breach } from "../ranking/guardrails.ts";
import type { FileChange, PendingView } from "../record/types.ts";
import { requireChannel } from "./channel.ts";
import type { ResultRequest } from "./post-result.ts";
import { registeredWith } from "./write.ts";

export const PostedSchema = z.object({
  filename: z.string(),
  via: z.enum(["bucket", "run"]),
  path: z.string(),
  run_id: z.string().optional(),
  status: z.string().optional(),
  score: z
    .number()
    .nullable()
    .optional()
    .openapi({ description: "Of this run; the board shows the statistic of all draws." }),
  verification: z.string().optional().openapi({ description: "`invalid` if its own numbers break a limit." }),
  reason_code: z.string().optional(),
  reason: z.string().optional(),
  announcement: z.string().optional().openapi({ description: "Filename of the message." }),
});
export type Posted = z.output<typeof PostedSchema>;

/** 400 before anything is written. */
export function requireAnnouncement({ backend, body: { announce, channel } }: ResultRequest): void {
  if (announce) requireChannel(backend.collab, channel ?? undefined);
}

interface Result {
  result: BuiltDocument;
  frontmatter: YamlMapping;
  breach: Breach | null;
  runId?: string;
  basedOn?: readonly string[];
}

/** Everything that becomes durable together; `announcement` is the filename of the message. */
export function withVerdictAndAnnouncement(
  context: ResultRequest,
  posted: Result,
  stamp: Stamp,
  pending: PendingView,
): { changes: FileChange[]; announcement: string | null } {
  const { result, breach, runId } = posted;
  const changes = [...result.changes];
  if (breach !== null) {
    changes.push(breachVerdict(result.filename, breach, runId === undefined ? [] : [runId], stamp));
  }
  const { backend, body } = context;
  if (!body.announce) return { changes, announcement: null };
  const message = buildMessage(
    {
      kind: "raw",
      author: authorOf(result.filename),
      body: announcementText(context, posted),
      refs: [result.path, ...(posted.basedOn ?? [])].join(", "),
      extra: mappingOf({ channel: body.channel ?? undefined }),
    },
    stamp,
    { isRegistered: registeredWith(backend, pending), cap: backend.collab.board.limits.mention_fanout },
  );
  return { changes: [...changes, ...message.changes], announcement: message.filename };
}

function announcementText(
  { backend }: ResultRequest,
  { result, frontmatter, breach, runId }: Result,
): string {
  const { scoring } = backend.collab;
  const shown = (field: string) => (frontmatter.has(field) ? pythonText(frontmatter.get(field) ?? null) : "");
  const kind = frontmatter.get("status") === "negative" ? "Negative result" : "Result";
  const score = scoring === "none" ? "" : shown(scoring.field);
  const unit = scoring === "none" || scoring.unit === "" ? "" : ` ${scoring.unit}`;
  const head = `${kind}${score === "" ? "" : ` ${score}${unit}`}: ${shown("method")}`;
  const run = runId === undefined ? "" : `, run ${runId}`;
  return [
    head,
    shown("description"),
    ...(breach === null ? [] : [`INVALID (${breach.reason_code}): ${breach.reason}`]),
    `${result.path}${run}`,
  ].join("\n\n");
}

/** The verdict takes effect; what the Hub does not take now is completed later, and the result is posted anyway. */
export async function settled(
  { backend }: ResultRequest,
  posted: Posted,
  breach: Breach | null,
): Promise<Posted> {
  if (breach !== null) await backend.verdicts.completeUnapplied();
  return posted;
}
