/** The frame of the backend's own pages: no script, one inline style sheet that the policy names by its hash. */
import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { Backend } from "../backend.ts";
import { STYLE } from "./style.ts";

type Html = ReturnType<typeof html>;

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export async function page(backend: Backend, title: string, content: Html): Promise<Response> {
  const markup = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
${content}
</body>
</html>
`;
  return new Response(String(markup), {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy": pagePolicy(backend.config.hubEndpoint),
    },
  });
}

/** A Space is shown inside a page of the Hub: only that one may frame it. */
function pagePolicy(hubEndpoint: string): string {
  return [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors https://huggingface.co ${new URL(hubEndpoint).origin}`,
  ].join("; ");
}

/** Where a reader reaches this backend: configured, or as this request did. */
export function baseUrl(backend: Backend, request: Request): string {
  return backend.config.publicUrl ?? new URL(request.url).origin;
}
