/** The listening socket: opened, and closed without cutting off what is being answered. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";

/** Requests that are still answered after the stop began get this long. */
const DRAIN_MS = 5_000;

export interface HttpServer {
  port: number;
  /** Ends idle connections at once and busy ones when they are done, or after a while. */
  close(): Promise<void>;
}

export async function listen(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
  { port, host }: { port: number; host: string },
): Promise<HttpServer> {
  const server = createAdaptorServer({ fetch }) as Server;
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
