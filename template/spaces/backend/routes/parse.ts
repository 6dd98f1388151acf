/** From a request to what a route works with: query, body, bearer, caller. */
import type { IncomingMessage } from "node:http";
import type { z } from "@hono/zod-openapi";
import { ApiError } from "../errors.ts";
import type { RequestContext } from "./define.ts";
import { detailsOf, ruleError, ValidationError } from "./validation.ts";

/** Unknown parameters are ignored; of a repeated one the last counts. */
export function parseQuery(url: URL, schema: z.ZodObject | undefined): unknown {
  if (!schema) return undefined;
  const values: Record<string, string> = Object.create(null);
  for (const [name, value] of url.searchParams) if (Object.hasOwn(schema.shape, name)) values[name] = value;
  const input = { ...values };
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  throw new ValidationError(detailsOf(parsed.error.issues, "query", input));
}

/** JSON whatever the content type says. */
export function parseBody(bytes: Uint8Array, schema: z.ZodType): unknown {
  if (bytes.length === 0)
    throw bodyError({ type: "missing", loc: ["body"], msg: "Field required", input: null });
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "");
    throw bodyError({
      type: "json_invalid",
      loc: ["body", Number(position?.[1] ?? 0)],
      msg: "JSON decode error",
      input: {},
    });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw bodyError({
      type: "model_attributes_type",
      loc: ["body"],
      msg: "Input should be a valid dictionary or object to extract fields from",
      input: typeof value === "object" ? undefined : value,
    });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ValidationError(detailsOf(parsed.error.issues, "body", value));
}

const bodyError = (detail: ConstructorParameters<typeof ValidationError>[0][number]) =>
  new ValidationError([detail]);

/** A page can send JSON to another site only after asking it; a form cannot. */
export function requireJson({ header }: Pick<RequestContext, "header">): void {
  const type = header("content-type") ?? "";
  if (/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) return;
  throw ruleError("send the header Content-Type: application/json", { "content-type": type.slice(0, 80) });
}

/**
 * The whole body, or 413 as soon as it is known to be larger than `maxBytes`; what still comes then is dropped.
 * Read from Node's stream: the body of a `Request` costs more than all of its parsing.
 */
export async function readBody(incoming: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ApiError("TOO_LARGE", `The body is larger than ${maxBytes} bytes.`, {
      hint: "Put long material in a file of your scratch bucket and link it.",
    });
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    incoming.on("data", (chunk: Uint8Array) => {
      size += chunk.byteLength;
      if (size <= maxBytes) chunks.push(chunk);
      else {
        chunks.length = 0;
        reject(tooLarge());
      }
    });
    incoming.once("end", () => resolve(Buffer.concat(chunks)));
    incoming.once("error", reject);
    incoming.once("close", () => reject(new Error("The client hung up before its body was there.")));
  });
}

/**
 * The client's address. Each trusted proxy adds the address it was called from to the end of
 * `X-Forwarded-For`; anything further left was sent by the client and says nothing.
 */
export function clientAddress(
  forwarded: string | undefined | null,
  peer: string | undefined,
  trustedProxies: number,
): string | undefined {
  if (trustedProxies === 0) return peer;
  const hops = (forwarded ?? "")
    .split(",")
    .map((hop) => hop.trim())
    .filter((hop) => hop !== "");
  return hops[Math.max(0, hops.length - trustedProxies)] ?? peer;
}
