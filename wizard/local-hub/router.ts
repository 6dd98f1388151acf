/**
 * Routes of the local hub. Each is declared with how faithful it is, so that the table of supported
 * operations (docs, and the body of a 501) is generated from what is really served.
 */
import { type Context, type Handler, Hono } from "hono";

export type HubEnv = { Variables: { requestId: string } };
export type HubHandler = Handler<HubEnv>;
export type HubRequest = Context<HubEnv>;

export interface RouteInfo {
  method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** Hono pattern; `:path{.+}` takes the rest, slashes included. */
  path: string;
  /** One line: what it does, and for `partial` what differs from the Hub. */
  about: string;
  support?: "full" | "partial";
}

export class HubRouter {
  readonly app = new Hono<HubEnv>();
  readonly routes: RouteInfo[] = [];

  /** Serves `info.path`. A HEAD request to a GET route is answered by Hono from the GET handler without its body. */
  add(info: RouteInfo, handler: HubHandler): this {
    this.routes.push(info);
    this.app.on(info.method, info.path, handler);
    return this;
  }
}
