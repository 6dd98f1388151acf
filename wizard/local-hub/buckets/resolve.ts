/** Reading a file by its path, with what Xet clients need to fetch the chunks themselves (hub-wire.md 3.5). */
import { basename } from "node:path/posix";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { absoluteUrl } from "../origin.ts";
import type { HubRequest } from "../router.ts";
import { readContent } from "../xet/content.ts";
import { sendRanges } from "../xet/send-file.ts";
import type { XetStore } from "../xet/store.ts";
import { casUrl } from "../xet/token-answer.ts";
import { guessContentType, withCharset } from "./content-type.ts";
import type { Entry } from "./entry-store.ts";

const FILE_INFO = "application/vnd.xet-fileinfo+json";

export interface Resolved {
  hub: HubContext;
  xet: XetStore;
  entry: Entry;
  /** `/api/buckets/ns/name`, where the tokens are. */
  api: string;
}

/** The answer to GET and HEAD: the bytes, a part of them, or where to fetch them. */
export function answerResolve(c: HubRequest, { hub, xet, entry, api }: Resolved): Response {
  const contentType = entry.contentType ?? guessContentType(entry.path);
  const refreshUrl = absoluteUrl(c, `${api}/xet-read-token`);
  const reconstructionUrl = `${casUrl(c, hub)}/v1/reconstructions/${entry.hash}`;
  const etag = `"${entry.hash}"`;
  const headers = {
    "X-Xet-Hash": entry.hash,
    "X-Linked-Size": `${entry.size}`,
    "X-Linked-ETag": etag,
    ETag: etag,
    "Last-Modified": new Date(entry.uploadedAt).toUTCString(),
    Link: `<${refreshUrl}>; rel="xet-auth", <${reconstructionUrl}>; rel="xet-reconstruction-info"`,
  };
  if (c.req.method === "GET" && c.req.header("Accept")?.includes(FILE_INFO)) {
    const info = { hash: entry.hash, refreshUrl, reconstructionUrl, etag, size: entry.size, contentType };
    return new Response(JSON.stringify(info), { headers: { ...headers, "Content-Type": FILE_INFO } });
  }
  if (c.req.header("If-None-Match") === etag) return new Response(null, { status: 304, headers });
  const file = xet.file(entry.hash);
  if (file === undefined) throw new HubHttpError(500, `The content of '${entry.path}' is missing`);
  return sendRanges(
    {
      size: entry.size,
      contentType: withCharset(contentType),
      read: (span) => readContent(xet, file, span),
    },
    c.req.method === "HEAD" ? undefined : c.req.header("Range"),
    {
      ...headers,
      "Content-Disposition": disposition(entry.path, c.req.query("download") !== undefined),
      // Participants' files must not run as pages of the hub, which holds its users' sessions.
      "Content-Security-Policy": "default-src 'none'; sandbox",
      "X-Content-Type-Options": "nosniff",
    },
  );
}

function disposition(path: string, download: boolean): string {
  const name = basename(path);
  const ascii = name.replace(/[^\x20-\x7e]|["\\]/g, "_");
  return `${download ? "attachment" : "inline"}; filename="${ascii}"; filename*=UTF-8''${encodeURIComponent(name)}`;
}
