/** Pages for people: one look, no script, everything escaped by `html`. */
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { HubRequest } from "./router.ts";

export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const STYLE = `
  :root { color-scheme: light dark; --line: light-dark(#d9dce1, #3a3f47); --dim: light-dark(#5c6470, #a2abb8);
    --accent: light-dark(#a15c00, #ffc94d); --panel: light-dark(#f6f7f9, #1c1f24); }
  * { box-sizing: border-box; }
  html { background: light-dark(#fff, #111418); color: light-dark(#16191d, #e8ebef); }
  body { margin: 0 auto; max-width: 64rem; padding: 1rem 1.25rem 4rem; line-height: 1.5;
    font-family: system-ui, sans-serif; overflow-wrap: anywhere; }
  a { color: var(--accent); }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top;
    padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
  th { color: var(--dim); font-weight: 600; }
  pre { background: var(--panel); padding: .8rem; overflow-x: auto; white-space: pre-wrap; border-radius: 6px; }
  code { font-size: .92em; } .dim { color: var(--dim); }
  section.card { border: 1px solid var(--line); border-radius: 8px; padding: .8rem 1rem; margin: .8rem 0; }
  button { font: inherit; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: 6px; cursor: pointer; }
  button.main { background: #ffc94d; color: #1a1a1a; border-color: #d9a520; font-weight: 600; }
  button:focus-visible, a:focus-visible, input:focus-visible { outline: 3px solid #3b82f6; outline-offset: 2px; }
  label { display: block; } img.avatar { width: 1.6rem; height: 1.6rem; border-radius: 50%; vertical-align: middle; }
`;

/** Answers with a whole page. Nothing may be loaded from elsewhere, and no other site may frame it. */
export function sendPage(
  c: HubRequest,
  page: { title: string; body: Html; status?: 200 | 400 | 403 | 404; formTargets?: readonly string[] },
): Response | Promise<Response> {
  const formTargets = ["'self'", ...(page.formTargets ?? [])].join(" ");
  c.header(
    "Content-Security-Policy",
    `default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action ${formTargets}`,
  );
  c.header("X-Content-Type-Options", "nosniff");
  // Not `no-referrer`: browsers then send `Origin: null` with forms, which the hub refuses.
  c.header("Referrer-Policy", "same-origin");
  c.header("Cache-Control", "no-store");
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title} · local hub</title>
<style>${raw(STYLE)}</style>
</head>
<body>
${page.body}
</body>
</html>`;
  return c.html(document, page.status ?? 200);
}
