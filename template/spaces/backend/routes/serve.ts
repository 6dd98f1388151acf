/** One route, served: parse, handle, answer. */
import { createHash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { addressKey } from "../access/address-limits.ts";
import { bearerToken } from "../access/bearer.ts";
import { requireMemberToRead } from "../access-gate.ts";
import type { Backend } from "../backend.ts";
import { ApiError } from "../errors.ts";
import { maskTokens } from "../log.ts";
import { type Answer, PATH_ACTION, type RequestContext, type Route } from "./define.ts";
import { isTrustedOrigin } from "./headers.ts";
import { clientAddress, parseBody, parseQuery, readBody } from "./parse.ts";
import { cacheKey, type KeptAnswer, matchesEtag, type ReadCache, wantsMarkdown } from "./read-cache.ts";
import { ValidationError } from "./validation.ts";

const NOT_READY_SECONDS = 2;
/** A JSON body can be larger than the document in it: every byte may be escaped, and there are other fields. */
const ESCAPED_BYTES = 2;
const OTHER_FIELDS_BYTES = 65_536;
const MAX_CLAIM_LENGTH = 200;
const JSON_TYPE = "application/json";
const MARKDOWN_TYPE = "text/markdown; charset=utf-8";

/** A refused write goes into the audit log, whatever it was refused for, under the name it claimed. */
export async function serve(backend: Backend, route: Route, cache: ReadCache, c: Context): Promise<Response> {
  const caller = callerOf(backend, c);
  if (route.method === "GET") return answerTo(backend, route, cache, c, caller, {});
  const claim: Claim = {};
  try {
    return await answerTo(backend, route, cache, c, caller, claim);
  } catch (error) {
    noteRefusal(backend, route, caller, claim, error);
    throw error;
  }
}

async function answerTo(
  backend: Backend,
  route: Route,
  cache: ReadCache,
  c: Context,
  caller: RequestContext["caller"],
  claim: Claim,
): Promise<Response> {
  const { access } = backend;
  const ip = addressKey(caller.caller_ip ?? "unknown");
  const requester = { token: bearerToken(c.req.header("authorization")), ip };
  if (route.method !== "GET") {
    requireAllowedOrigin(backend, c);
    access.addresses.writes.take(ip);
  } else if (backend.isPrivate && !route.alwaysPublic && !isOpenedByTicket(backend, route, c)) {
    await requireMemberToRead(access, requester, backend.names.org);
  }
  const asMarkdown = route.markdown !== undefined && wantsMarkdown(c.req.header("accept"));
  const key = cacheKey(pathAndQuery(c.req.url), asMarkdown);
  if (route.cached) {
    const kept = cache.get(key, backend.board.version);
    if (kept) return keptResponse(kept, c.req.header("if-none-match"));
  }
  const { status, canRead } = backend.readiness;
  const served = status === "ready" || (route.method === "GET" && canRead) || route.beforeReady;
  if (!served) throw notReady(backend);

  const url = new URL(c.req.url);
  const query = parseQuery(url, route.query);
  if (isSearch(query)) access.addresses.searches.take(ip);
  const bytes = route.body ? await readBody(incomingOf(c), maxBodyBytes(backend)) : new Uint8Array();
  const body = route.body ? parseBody(bytes, route.body) : undefined;
  claim.body = body;
  const context: RequestContext = {
    backend,
    method: c.req.method,
    params: pathParams(route, c.req.param()),
    query,
    body,
    requester,
    header: (name) => c.req.header(name),
    caller,
    requestSha256: () =>
      createHash("sha256").update(`${route.method} ${url.pathname}\0`).update(bytes).digest("hex"),
    signal: c.req.raw.signal,
  };
  // Before the handler: what it reads is at least this new, and a change meanwhile makes the tag stale.
  const { version } = backend.board;
  const answer = await route.handler(context);
  if (answer instanceof Response) return answer;
  if (!route.cached || (answer.status ?? 200) !== 200) return jsonResponse(answer, route.status);
  const text = asMarkdown && route.markdown ? route.markdown(answer.json) : JSON.stringify(answer.json);
  const kept: KeptAnswer = {
    etag: `W/"${backend.board.epoch}-${version}${asMarkdown ? "-md" : ""}"`,
    contentType: asMarkdown ? MARKDOWN_TYPE : JSON_TYPE,
    body: Buffer.from(text),
    route: route.path,
  };
  cache.set(key, version, kept);
  return keptResponse(kept, c.req.header("if-none-match"));
}

/** Without the action that follows the last part: `/v1/runs/{run_id}:cancel`. */
function pathParams(route: Route, params: Record<string, string>): Record<string, string> {
  const [, name, action] = PATH_ACTION.exec(route.path) ?? [];
  if (name === undefined || action === undefined) return params;
  return { ...params, [name]: (params[name] ?? "").slice(0, -action.length) };
}

/** What a write says of itself, as far as it was read. */
interface Claim {
  body?: unknown;
}

function noteRefusal(
  { record }: Backend,
  route: Route,
  caller: RequestContext["caller"],
  claim: Claim,
  error: unknown,
): void {
  const isOurs = error instanceof ApiError && error.status >= 500;
  if (isOurs || !(error instanceof ApiError || error instanceof ValidationError)) return;
  const { agent_id: agentId, source } = (claim.body ?? {}) as { agent_id?: unknown; source?: unknown };
  record.refused({
    agent_id: typeof agentId === "string" ? maskTokens(agentId.slice(0, MAX_CLAIM_LENGTH)) : null,
    route: route.path,
    via: null,
    source: typeof source === "string" ? maskTokens(source.slice(0, MAX_CLAIM_LENGTH)) : null,
    status_code: error instanceof ApiError ? error.status : 422,
    code: error instanceof ApiError ? error.code : "INVALID_REQUEST",
    ...caller,
  });
}

/** A page of somebody else may not write here, not even in the name of nobody. */
function requireAllowedOrigin(backend: Backend, c: Context): void {
  const origin = c.req.header("origin");
  if (origin === undefined || isTrustedOrigin(backend, origin)) return;
  const own = backend.config.publicUrl;
  if (own === null ? URL.parse(origin)?.host === c.req.header("host") : origin === own) return;
  throw new ApiError("ORIGIN_NOT_ALLOWED", "Pages of this origin may read here, not write.", {
    hint: "Call from a program, from the collab's dashboard, or ask the organisers to allow the origin.",
  });
}

function isOpenedByTicket(backend: Backend, route: Route, c: Context): boolean {
  if (!route.takesTicket) return false;
  const ticket = new URL(c.req.url).searchParams.get("ticket");
  return ticket !== null && backend.tickets.use(ticket);
}

/** `q` is text to look for in every document of a list. */
function isSearch(query: unknown): boolean {
  return (
    typeof query === "object" && query !== null && "q" in query && query.q !== "" && query.q !== undefined
  );
}

function notReady(backend: Backend): ApiError {
  const { status, missing } = backend.readiness;
  const why = status === "stopping" ? "is stopping" : `is starting: ${missing.join(", ")}`;
  return new ApiError("NOT_READY", `The backend ${why}.`, { retryAfterSeconds: NOT_READY_SECONDS });
}

function maxBodyBytes({ collab }: Backend): number {
  return collab.board.limits.document_bytes * ESCAPED_BYTES + OTHER_FIELDS_BYTES;
}

/** Node's own request, which `@hono/node-server` hands on. */
const incomingOf = (c: Context) => (c.env as HttpBindings).incoming;

function callerOf({ config }: Backend, c: Context): RequestContext["caller"] {
  const address = clientAddress(
    c.req.header("x-forwarded-for"),
    incomingOf(c).socket.remoteAddress,
    config.trustedProxies,
  );
  const agent = c.req.header("user-agent");
  return {
    ...(address === undefined ? {} : { caller_ip: address }),
    ...(agent === undefined ? {} : { user_agent: agent.slice(0, 200) }),
  };
}

function jsonResponse(answer: Exclude<Answer, Response>, status: number): Response {
  return new Response(JSON.stringify(answer.json), {
    status: answer.status ?? status,
    headers: { "content-type": JSON_TYPE, "cache-control": "no-store", ...answer.headers },
  });
}

/** `/v1/messages?limit=5` of a URL with its origin. */
function pathAndQuery(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

function keptResponse(kept: KeptAnswer, ifNoneMatch: string | undefined): Response {
  const headers = { etag: kept.etag, "cache-control": "no-cache", vary: "Accept" };
  if (matchesEtag(ifNoneMatch, kept.etag)) return new Response(null, { status: 304, headers });
  return new Response(new Uint8Array(kept.body), {
    headers: { ...headers, "content-type": kept.contentType },
  });
}
