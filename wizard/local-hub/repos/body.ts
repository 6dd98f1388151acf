/** Request bodies: untrusted JSON, read once and checked where it is used. */
import { badRequest } from "../errors.ts";
import type { HubRequest } from "../router.ts";

/** The JSON object of a request, `{}` for an empty body. Throws 400 for anything else. */
export async function jsonObject(c: HubRequest): Promise<Record<string, unknown>> {
  const text = await c.req.text();
  if (text.trim() === "") return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw badRequest("The request body is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("The request body must be a JSON object");
  }
  return value as Record<string, unknown>;
}

/** Bytes of a file as clients send it in JSON. */
export function fileContent(path: string, content: unknown, encoding: unknown): Uint8Array {
  if (typeof content !== "string") throw badRequest(`The content of ${path} must be a string`);
  if (encoding !== undefined && encoding !== "base64" && encoding !== "utf-8") {
    throw badRequest(`Unknown encoding of ${path}: use "base64" or "utf-8"`);
  }
  return Buffer.from(content, encoding === "base64" ? "base64" : "utf-8");
}
