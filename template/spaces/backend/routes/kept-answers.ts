/**
 * Answers that are kept, sent before anything else happens to a request: a polling storm costs one look into a
 * map per request. Whatever is not the plain case (another method, a trusted origin, a private collab) goes the
 * usual way, which gives the same answer.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Backend } from "../backend.ts";
import { isTrustedOrigin, PUBLIC_HEADERS } from "./headers.ts";
import { cacheKey, type KeptAnswer, matchesEtag, type ReadCache, wantsMarkdown } from "./read-cache.ts";

/** `true`: the request is answered. */
export type Shortcut = (request: IncomingMessage, response: ServerResponse) => boolean;

const COMMON = Object.entries({
  ...PUBLIC_HEADERS,
  "cache-control": "no-cache",
  vary: "Accept, Origin",
}).flat();

interface Prepared {
  head: string[];
  count: () => void;
}

export function keptAnswers(backend: Backend, cache: ReadCache): Shortcut {
  const prepared = new WeakMap<KeptAnswer, Prepared>();
  const prepare = (kept: KeptAnswer): Prepared => {
    let ready = prepared.get(kept);
    if (!ready) {
      const labels = { method: "GET", route: kept.route, status: "200" };
      ready = {
        head: [
          ...COMMON,
          "etag",
          kept.etag,
          "content-type",
          kept.contentType,
          "content-length",
          String(kept.body.byteLength),
        ],
        count: backend.metrics.counter("collab_requests_total", "Requests answered.", labels),
      };
      prepared.set(kept, ready);
    }
    return ready;
  };

  return (request, response) => {
    if (request.method !== "GET" || request.url === undefined || backend.isPrivate) return false;
    const { accept, origin, "if-none-match": ifNoneMatch } = request.headers;
    if (origin !== undefined && isTrustedOrigin(backend, origin)) return false;
    const kept = cache.get(cacheKey(request.url, wantsMarkdown(accept)), backend.board.version);
    if (!kept) return false;
    const { head, count } = prepare(kept);
    if (ifNoneMatch !== undefined && matchesEtag(ifNoneMatch, kept.etag)) {
      response.writeHead(304, [...COMMON, "etag", kept.etag]);
      response.end();
      return true;
    }
    count();
    response.writeHead(200, head);
    response.end(kept.body);
    return true;
  };
}
