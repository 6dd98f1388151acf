/** URLs of parts of a xorb. They carry their own authority: clients send no token to them. */
import { HubHttpError } from "../errors.ts";
import type { Fetch, Span } from "./reconstruction.ts";
import type { Signer } from "./signer.ts";

export const DATA_URL_SECONDS = 3600;

/** Path and query below the CAS URL. Distinct for every run of chunks: clients key their plans by URL. */
export function signDataUrl(signer: Signer, { xorb, bytes }: Fetch, nowMs: number): string {
  const range = `${bytes.start}-${bytes.end - 1}`;
  const expires = Math.floor(nowMs / 1000) + DATA_URL_SECONDS;
  const signature = signer.sign(`data ${xorb} ${range} ${expires}`);
  return `/v1/data/${xorb}?${new URLSearchParams({ range, expires: `${expires}`, signature })}`;
}

/** The bytes of `xorb` that the query allows. Throws 403 if it is forged or expired: clients then ask anew. */
export function requireDataUrl(
  signer: Signer,
  xorb: string,
  query: Record<string, string | undefined>,
  nowMs: number,
): Span {
  const { range = "", expires = "", signature = "" } = query;
  if (!signer.isValid(`data ${xorb} ${range} ${expires}`, signature) || Number(expires) * 1000 <= nowMs) {
    throw new HubHttpError(403, "This URL is not valid, or not any more");
  }
  const [start, last] = range.split("-").map(Number) as [number, number];
  return { start, end: last + 1 };
}
