/** One file as people read it: Markdown rendered, other text as it is, the rest described. */
import { html } from "hono/html";
import type { Html } from "../page.ts";
import { renderMarkdown } from "./markdown.ts";
import { sizeText } from "./text.ts";

/** Of larger files only the beginning is shown. */
export const SHOWN_BYTES = 512 * 1024;

/** `content`: the first `SHOWN_BYTES` of a file of `size` bytes. */
export function fileView(path: string, content: Uint8Array, size: number): Html {
  const text = textOf(content);
  if (text === null) return html`<p class="dim">${sizeText(size)} that are not text.</p>`;
  const cut =
    size > content.length
      ? html`<p class="dim">The first ${sizeText(content.length)} of ${sizeText(size)}.</p>`
      : "";
  if (!/\.(md|markdown)$/i.test(path)) return html`${cut}<pre>${text}</pre>`;
  const { matter, body } = splitFrontMatter(text);
  return html`${cut}${matter === null ? "" : html`<pre>${matter}</pre>`}<article>${renderMarkdown(body)}</article>`;
}

/** `null` for what is no UTF-8 text. A character cut in two at the end does not count. */
function textOf(content: Uint8Array): string | null {
  if (content.includes(0)) return null;
  const text = new TextDecoder().decode(content);
  const broken = text.indexOf("\ufffd");
  return broken >= 0 && broken < text.length - 4 ? null : text;
}

/** The YAML between `---` lines at the start, shown as it is, and the rest. */
function splitFrontMatter(text: string): { matter: string | null; body: string } {
  const match = /^---\r?\n([\s\S]*?)\r?\n---[ \t]*(?:\r?\n|$)/.exec(text);
  return match ? { matter: match[1] ?? "", body: text.slice(match[0].length) } : { matter: null, body: text };
}
