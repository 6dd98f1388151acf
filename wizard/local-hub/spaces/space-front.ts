/** The one address at which a Space answers, whatever version of it is running behind. */

import { once } from "node:events";
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Where connections go: to a program's own port, or to a handler in the hub. */
export type FrontTarget =
  | { port: number }
  | { handler: (request: IncomingMessage, response: ServerResponse) => void };

/** Programs listen on this machine only, or on every interface, which includes it. */
const PROGRAM_HOST = "127.0.0.1";
/** A connection over which an answer came and then nothing for this long is between two requests. */
const QUIET_MS = 50;

/** A client's connection that is passed on to a program. */
interface Passage {
  port: number;
  socket: Socket;
  lastData: { from: "client" | "program"; at: number };
}

export class SpaceFront {
  readonly #tcp = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  readonly #http: Server;
  readonly #sockets = new Set<Socket>();
  readonly #passages = new Set<Passage>();
  readonly #target: () => FrontTarget;
  readonly #onActivity: () => void;

  /** `target` is asked for each connection; `onActivity` is told when somebody uses the Space. */
  constructor(target: () => FrontTarget, onActivity: () => void) {
    this.#target = target;
    this.#onActivity = onActivity;
    this.#http = createHttpServer((request, response) => {
      const now = this.#target();
      if ("handler" in now) {
        now.handler(request, response);
      } else {
        // The Space came up while this connection was kept open: the next one goes there.
        response.writeHead(307, { Location: request.url ?? "/", Connection: "close" }).end();
      }
    });
  }

  /** Listens on interface `host`, on port `wanted` if that is free, else on any; returns which. */
  async open(host: string, wanted: number | null): Promise<number> {
    for (const port of wanted === null ? [0] : [wanted, 0]) {
      this.#tcp.listen(port, host);
      try {
        await once(this.#tcp, "listening");
        return (this.#tcp.address() as AddressInfo).port;
      } catch (error) {
        if (port === 0) throw error;
      }
    }
    throw new Error("no port to listen on");
  }

  #accept(socket: Socket): void {
    this.#track(socket);
    this.#onActivity();
    const target = this.#target();
    if ("handler" in target) {
      this.#http.emit("connection", socket);
      return;
    }
    const upstream = connect({ port: target.port, host: PROGRAM_HOST, allowHalfOpen: true });
    this.#track(upstream);
    const passage: Passage = {
      port: target.port,
      socket,
      lastData: { from: "client", at: performance.now() },
    };
    this.#passages.add(passage);
    socket.on("data", () => {
      passage.lastData = { from: "client", at: performance.now() };
      this.#onActivity();
    });
    upstream.on("data", () => {
      passage.lastData = { from: "program", at: performance.now() };
    });
    socket.pipe(upstream).pipe(socket);
    socket.on("close", () => {
      this.#passages.delete(passage);
      upstream.destroy();
    });
    upstream.on("close", () => socket.destroy());
  }

  /**
   * Lets connections to the program on `port`, which gets no new ones, come to their end: each is closed
   * between two requests. Resolves when none is left, or after `limitMs`.
   */
  async drain(port: number, limitMs: number): Promise<void> {
    const until = performance.now() + limitMs;
    for (;;) {
      const left = [...this.#passages].filter((passage) => passage.port === port);
      const now = performance.now();
      if (left.length === 0 || now >= until) return;
      for (const { socket, lastData } of left) {
        if (lastData.from === "program" && now - lastData.at >= QUIET_MS) socket.destroy();
      }
      await sleep(QUIET_MS / 2);
    }
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }

  /** Frees the port and ends all connections. */
  async close(): Promise<void> {
    const closed = this.#tcp.listening ? once(this.#tcp, "close") : null;
    this.#tcp.close(() => {});
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** A short page for while there is nothing to answer. */
export function placeholder(status: number, text: string): FrontTarget {
  return {
    handler: (_request, response) => {
      const headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Retry-After": "2",
        Connection: "close",
      };
      response.writeHead(status, headers).end(`${text}\n`);
    },
  };
}
