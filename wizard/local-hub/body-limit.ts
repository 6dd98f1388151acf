/**
 * Refuses request bodies that are too large. Hono's own middleware cannot be used: it copies the request with
 * `new Request(request)`, which fails for the requests of @hono/node-server while the global `Request` stays
 * Node's own.
 */
import type { MiddlewareHandler } from "hono";
import { HubHttpError } from "./errors.ts";
import type { HubEnv } from "./router.ts";

/** 413 at once where the length is stated, else as soon as more than `maxBytes` have arrived. */
export function limitBody(maxBytes: number): MiddlewareHandler<HubEnv> {
  const tooLarge = () => new HubHttpError(413, `Request body is larger than ${maxBytes} bytes`);
  return async (c, next) => {
    const stated = c.req.header("Content-Length");
    if (stated !== undefined && Number(stated) > maxBytes) throw tooLarge();
    if (c.req.header("Transfer-Encoding") !== undefined && c.req.raw.body !== null) {
      const { method, headers, body } = c.req.raw;
      const counted = body.pipeThrough(countBytes(maxBytes, tooLarge));
      c.req.raw = new Request(c.req.url, { method, headers, body: counted, duplex: "half" } as RequestInit);
    }
    await next();
  };
}

function countBytes(maxBytes: number, tooLarge: () => Error): TransformStream<Uint8Array, Uint8Array> {
  let seen = 0;
  return new TransformStream({
    transform(bytes, controller) {
      seen += bytes.length;
      if (seen > maxBytes) controller.error(tooLarge());
      else controller.enqueue(bytes);
    },
  });
}
