/** The listening socket: opened, and closed without cutting off what is being answered. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Shortcut } from "./routes/kept-answers.ts";

/** Requests that are still answered after the stop began get this long. */
const DRAIN_MS = 5_000;
/** A client has this long to send its headers, and its whole request. */
const HEADERS_MS = 20_000;
const REQUEST_MS = 120_000;

export interface HttpServer {
  port: number;
  /** Ends idle connections at once and busy ones when they are done, or after a while. */
  close(): Promise<void>;
}

/** Listens; each request goes to `shortcut` first, and to `fetch` if that does not answer it. */
export async function listen(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
  shortcut: Shortcut,
  { port, host }: { port: number; host: string },
): Promise<HttpServer> {
  const listener = getRequestListener(fetch, { overrideGlobalObjects: false });
  const server = createServer(
    { headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS },
    (request, response) => {
      if (!shortcut(request, response)) void listener(request, response);
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const force = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
    server.close(() => {
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
}
