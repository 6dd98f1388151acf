/** `POST /v1/messages` (api-v1.md 3.5). Each variant checks in the order of the specification. */
import { z } from "@hono/zod-openapi";
import { parseDocument } from "../documents/frontmatter.ts";
import { type BuiltMessage, buildMessage, type MessageInput } from "../documents/message.ts";
import { humanHandle, isHumanHandle, requireId } from "../documents/naming.ts";
import { mappingOf } from "../documents/yaml-values.ts";
import { ApiError } from "../errors.ts";
import type { Prepared } from "../record/types.ts";
import { requireChannel } from "./channel.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { flag, nullableText } from "./fields.ts";
import { requireJson } from "./parse.ts";
import { ruleError } from "./validation.ts";
import {
  auditOf,
  commit,
  promotion,
  readDocumentSource,
  registeredWith,
  requireDocumentSize,
  requireOpen,
  requirePromoter,
  requireRawWriter,
} from "./write.ts";

const ROUTE = "/v1/messages";

const MessageBody = z
  .object({
    source: nullableText("hf://buckets/… of a Markdown file in your scratch bucket."),
    agent_id: nullableText("With `body`: who posts."),
    body: nullableText("With `agent_id`: the text."),
    type: nullableText("Of a post with `body`; default agent."),
    refs: nullableText("Filename(s) of what this answers, separated by commas."),
    channel: nullableText("One of the collab's channels."),
    broadcast: flag(false, "Organisers only: to every inbox."),
  })
  .openapi("PostMessage");

type MessageRequest = RequestContext<unknown, z.output<typeof MessageBody>>;

const Posted = z.object({
  filename: z.string(),
  via: z.enum(["bucket", "raw", "dashboard"]),
  path: z.string(),
  mentions_delivered: z.array(z.string()),
  broadcast: z.boolean(),
});
type Posted = z.output<typeof Posted>;

export const postMessage = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "source | agent_id + body; type, refs, channel, broadcast",
  purpose: "Post to the message board; mentions and refs deliver copies.",
  auth: "writer",
  body: MessageBody,
  status: 201,
  response: Posted,
  async handler(context) {
    const { source, agent_id: agentId, body } = context.body;
    const isRaw = agentId !== null || body !== null;
    if ((source !== null) === isRaw) {
      throw ruleError("pass exactly one of `source` or `body` with `agent_id`", bare(context));
    }
    if (source === null && (agentId === null || body === null)) {
      throw ruleError("a post with its text in the request needs both `agent_id` and `body`", bare(context));
    }
    requireOpen(context.backend);
    if (source !== null) return { json: await fromSource(context, source) };
    if (isHumanHandle(requireId(agentId ?? "")))
      return { json: await byHuman(context, agentId ?? "", body ?? "") };
    return { json: await byAgent(context, agentId ?? "", body ?? "") };
  },
});

/** What a 422 repeats of the request: which fields were there. */
const bare = ({ body }: MessageRequest) =>
  Object.fromEntries(
    Object.entries(body).filter(([key, value]) => value !== null && key !== "body" && key !== "broadcast"),
  );

const notOrganizer = () =>
  new ApiError("NOT_ORGANIZER", "Only organisers broadcast.", {
    hint: "Broadcasts come from a signed-in organiser account: post as human-<hf_user> with your own token.",
  });

async function fromSource(context: MessageRequest, uri: string): Promise<Posted> {
  const { backend, body: request } = context;
  if (request.broadcast) throw notOrganizer();
  const source = await requirePromoter(context, uri);
  const file = await readDocumentSource(backend, source);
  const { frontmatter, body } = parseDocument(file.text, uri);
  if (frontmatter.has("broadcast")) throw notOrganizer();
  requireChannel(backend.collab, frontmatter.get("channel"));
  const once = promotion("message_board", source, file.sha256);
  const input: MessageInput = {
    kind: "source",
    author: source.agentId,
    body,
    frontmatter,
    refs: request.refs,
  };
  return commit(context, source.agentId, 201, (stamp, pending) => {
    once.requireNew(pending);
    const message = build(context, input, stamp, pending);
    const prepared = prepare(context, message, source.agentId, uri);
    return { ...prepared, promoted: once.as(message.filename) };
  });
}

async function byAgent(context: MessageRequest, agentId: string, body: string): Promise<Posted> {
  const { backend, body: request } = context;
  if (request.broadcast) throw notOrganizer();
  await requireRawWriter(context, agentId);
  requireDocumentSize(backend, body);
  const input: MessageInput = { kind: "raw", author: agentId, body, ...clientFields(context) };
  return commit(context, agentId, 201, (stamp, pending) =>
    prepare(context, build(context, input, stamp, pending), agentId, null),
  );
}

async function byHuman(context: MessageRequest, handle: string, body: string): Promise<Posted> {
  const { backend, body: request, requester } = context;
  const { access } = backend;
  const human = await access.human(requester);
  if (human.by === "session") requireSessionForm(context);
  if (!access.isMember(human)) {
    throw new ApiError("IDENTITY_MISMATCH", `${human.name} is not a member of ${backend.names.org}.`);
  }
  const own = humanHandle(human.name);
  if (own !== handle) {
    throw new ApiError(
      "IDENTITY_MISMATCH",
      `The token is of ${human.name}, whose handle is ${own}, not ${handle}.`,
    );
  }
  if (request.broadcast) await access.requireOrganiser(human, "broadcast");
  access.limiters.rawPosts.take(handle);
  access.limiters.userWrites.take(human.name);
  requireDocumentSize(backend, body);
  const kind = request.broadcast ? "broadcast" : "human";
  const input: MessageInput = { kind, author: handle, body, ...clientFields(context) };
  return commit(context, `user:${human.name}`, 201, (stamp, pending) =>
    prepare(context, build(context, input, stamp, pending), handle, null),
  );
}

/** A page that posts for a human says so by JSON and a key of its own, so that a click counts once. */
function requireSessionForm(context: MessageRequest): void {
  requireJson(context);
  if (context.header("idempotency-key") !== undefined) return;
  throw ruleError(
    "a session's post needs the header Idempotency-Key, a new one for each post",
    bare(context),
  );
}

function clientFields({ backend, body: { type, refs, channel } }: MessageRequest) {
  requireChannel(backend.collab, channel ?? undefined);
  return { type, refs, extra: mappingOf({ channel: channel ?? undefined }) };
}

function build(
  { backend }: MessageRequest,
  input: MessageInput,
  ...[stamp, pending]: Parameters<Parameters<typeof commit>[3]>
): BuiltMessage {
  const cap = backend.collab.board.limits.mention_fanout;
  return buildMessage(input, stamp, { isRegistered: registeredWith(backend, pending), cap });
}

function prepare(
  context: MessageRequest,
  message: BuiltMessage,
  author: string,
  source: string | null,
): Prepared<Posted> {
  const { filename, via, path, mentionsDelivered, broadcast, changes } = message;
  return {
    changes,
    audit: auditOf(context, {
      agent_id: author,
      route: ROUTE,
      via,
      source,
      status_code: 201,
      ...(mentionsDelivered.length > 0 ? { mentions_delivered: mentionsDelivered } : {}),
      ...(broadcast ? { broadcast: true } : {}),
    }),
    response: { filename, via: via as Posted["via"], path, mentions_delivered: mentionsDelivered, broadcast },
  };
}
