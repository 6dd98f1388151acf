/**
 * Routes of the local hub. Each is declared with how faithful it is, so that the table of supported
 * operations (docs, and the body of a 501) is generated from what is really served.
 */
import type { HttpBindings } from "@hono/node-server";
import { type Context, type Handler, Hono } from "hono";
import { limitBody } from "./body-limit.ts";

export interface HubEnv {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** Whose token came with the request, for logs, counters and limits; no proof of any right. */
    user: string | null;
  };
}
export type HubHandler = Handler<HubEnv>;
export type HubRequest = Context<HubEnv>;

export interface RouteInfo {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Hono pattern; `:path{.+}` takes the rest, slashes included. */
  path: string;
  /** One line: what it does, and for `partial` what differs from the Hub. */
  about: string;
  support?: "full" | "partial";
  /** Larger request bodies are refused with 413. Default 16 MiB. */
  maxBodyBytes?: number;
}

const DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024;

export class HubRouter {
  readonly app = new Hono<HubEnv>();
  readonly routes: RouteInfo[] = [];

  /** Serves `info.path`. A HEAD request to a GET route is answered by Hono from the GET handler without its body. */
  add<Path extends string>(info: RouteInfo & { path: Path }, handler: Handler<HubEnv, Path>): this {
    this.routes.push(info);
    if (info.method === "GET" || info.method === "HEAD") {
      this.app.on(info.method, info.path, handler);
    } else {
      this.app.on(info.method, info.path, limitBody(info.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES), handler);
    }
    return this;
  }
}
