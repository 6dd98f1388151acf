/**
 * A route of the API, described once: from this come the handler, the validation, `GET /v1` and the OpenAPI
 * document.
 */
import type { z } from "@hono/zod-openapi";
import type { Requester } from "../access/access.ts";
import type { Backend } from "../backend.ts";

export interface RequestContext<Query = unknown, Body = unknown> {
  backend: Backend;
  /** As sent: a HEAD is handled like a GET and loses its body afterwards. */
  method: string;
  /** Parts of the path, percent-decoded. */
  params: Readonly<Record<string, string>>;
  query: Query;
  body: Body;
  /** The bearer token and where the request comes from. */
  requester: Requester;
  /** Header values by lower-case name. */
  header(name: string): string | undefined;
  /** For the audit line. */
  caller: { caller_ip?: string; user_agent?: string };
  /** SHA-256 of method, path and body: what an `Idempotency-Key` is bound to. */
  requestSha256(): string;
  /** Aborted when the client goes away or the server stops. */
  signal: AbortSignal;
}

/** JSON, or a response made by the route itself (files, event streams, Markdown). */
export type Answer = { json: unknown; status?: number; headers?: Record<string, string> } | Response;

export interface Route {
  method: "GET" | "POST" | "DELETE";
  /**
   * OpenAPI form: `/v1/messages/{filename}`; a last part `{path}` of `wildcard` routes takes slashes too; an
   * action may follow a last part: `/v1/runs/{run_id}:cancel`.
   */
  path: string;
  wildcard?: boolean;
  /** For `GET /v1`: what can be sent, in words. */
  params: string;
  purpose: string;
  /** Who may call; for the documents. */
  auth: "none" | "writer" | "bearer" | "session";
  query?: z.ZodObject;
  body?: z.ZodType;
  status: 200 | 201 | 202;
  response: z.ZodType;
  /** The answer depends on nothing but the URL and the board: it has an ETag and is kept per board version. */
  cached?: boolean;
  /** The answer for `Accept: text/markdown`, made from its JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: each route's own answer
  markdown?(json: any): string;
  /** Works before the record is recovered. */
  beforeReady?: boolean;
  /** In a private collab `?ticket=` opens it as a token does. */
  takesTicket?: boolean;
  /** Says nothing about the collab's content: open to all even where the collab is private. */
  alwaysPublic?: boolean;
  /** Left out of `GET /v1` and the OpenAPI document. */
  hidden?: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the table holds routes of many shapes; `defineRoute` ties each handler to its schemas
  handler(context: RequestContext<any, any>): Answer | Promise<Answer>;
}

/** A last part of a path with its action. */
export const PATH_ACTION = /\{(\w+)\}(:\w+)$/;

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

/** Ties the handler's `query` and `body` to the schemas. */
export function defineRoute<Q extends z.ZodObject | undefined, B extends z.ZodType | undefined>(
  route: Omit<Route, "query" | "body" | "handler"> & {
    query?: Q;
    body?: B;
    handler(context: RequestContext<Parsed<Q>, Parsed<B>>): Answer | Promise<Answer>;
  },
): Route {
  return route;
}
