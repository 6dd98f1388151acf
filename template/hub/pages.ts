/** Lists that the Hub hands out in pages. */
import { HubError } from "./errors.ts";
import type { HubHttp, HubRequest } from "./http.ts";

/**
 * All items of a list, page by page. Only the cursor is taken from the `Link` header: the host in it may be
 * another name of ours, and the token must not follow it elsewhere.
 */
export async function* pages(http: HubHttp, request: HubRequest): AsyncGenerator<unknown[]> {
  let cursor: string | undefined;
  do {
    const answer = await http.send({ ...request, query: { ...request.query, cursor } });
    const page = answer.json();
    if (!Array.isArray(page)) throw unexpected(request, "a list");
    yield page;
    cursor = nextCursor(answer.headers.get("link"), request);
  } while (cursor !== undefined);
}

function nextCursor(link: string | null, request: HubRequest): string | undefined {
  const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (next === undefined) return undefined;
  const cursor = new URL(next, "http://hub.invalid").searchParams.get("cursor");
  if (cursor === null) throw unexpected(request, "a cursor in the link to the next page");
  return cursor;
}

/** An answer that is not what the API promises. */
export function unexpected(request: Pick<HubRequest, "method" | "url">, wanted: string): HubError {
  const call = `${request.method} ${request.url}`;
  return new HubError(`${call}: the answer is not ${wanted}`, { status: 502, call });
}
