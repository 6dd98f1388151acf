/**
 * Markdown of strangers as HTML. Only marked's tokens are used, never its HTML: every piece of text goes
 * through `html`, raw HTML shows as text, pictures become links, and links lead to http(s) only.
 */
import { html } from "hono/html";
import { lexer, type MarkedToken, type Token, type Tokens } from "marked";
import type { Html } from "../page.ts";

/** Text that is much longer shows as plain text: a page must stay light. */
const MAX_CHARACTERS = 200_000;
/** Quotes in quotes in quotes: nobody reads them, and each level costs stack. */
const MAX_DEPTH = 40;

export function renderMarkdown(text: string): Html {
  if (text.length > MAX_CHARACTERS) return html`<pre>${text}</pre>`;
  try {
    return html`${blocks(lexer(text), 0)}`;
  } catch {
    return html`<pre>${text}</pre>`;
  }
}

function blocks(tokens: readonly Token[] | undefined, depth: number): Html[] {
  if (depth > MAX_DEPTH) return [html`…`];
  return (tokens ?? []).map((token) => block(token as MarkedToken, depth + 1));
}

function block(token: MarkedToken, depth: number): Html {
  switch (token.type) {
    case "heading":
      return heading(token, depth);
    case "paragraph":
      return html`<p>${inlines(token.tokens, depth)}</p>`;
    case "code":
      return html`<pre><code>${token.text}</code></pre>`;
    case "blockquote":
      return html`<blockquote>${blocks(token.tokens, depth)}</blockquote>`;
    case "list": {
      const items = token.items.map((item) => html`<li>${blocks(item.tokens, depth)}</li>`);
      return token.ordered
        ? html`<ol start="${Number(token.start) || 1}">${items}</ol>`
        : html`<ul>${items}</ul>`;
    }
    case "table":
      return table(token, depth);
    case "hr":
      return html`<hr>`;
    case "space":
    case "def":
      return html``;
    default:
      return inline(token, depth);
  }
}

/** One level down: the page has its own first heading. */
function heading({ depth: level, tokens }: Tokens.Heading, depth: number): Html {
  const text = inlines(tokens, depth);
  if (level === 1) return html`<h2>${text}</h2>`;
  if (level === 2) return html`<h3>${text}</h3>`;
  return level === 3 ? html`<h4>${text}</h4>` : html`<h5>${text}</h5>`;
}

function table({ header, rows }: Tokens.Table, depth: number): Html {
  const cells = (row: readonly Tokens.TableCell[], tag: "th" | "td") =>
    row.map(({ tokens }) => {
      const text = inlines(tokens, depth);
      return tag === "th" ? html`<th>${text}</th>` : html`<td>${text}</td>`;
    });
  return html`<table><tr>${cells(header, "th")}</tr>${rows.map((row) => html`<tr>${cells(row, "td")}</tr>`)}</table>`;
}

function inlines(tokens: readonly Token[] | undefined, depth: number): Html[] {
  if (depth > MAX_DEPTH) return [html`…`];
  return (tokens ?? []).map((token) => inline(token as MarkedToken, depth + 1));
}

function inline(token: MarkedToken, depth: number): Html {
  switch (token.type) {
    case "strong":
      return html`<strong>${inlines(token.tokens, depth)}</strong>`;
    case "em":
      return html`<em>${inlines(token.tokens, depth)}</em>`;
    case "del":
      return html`<del>${inlines(token.tokens, depth)}</del>`;
    case "codespan":
      return html`<code>${token.text}</code>`;
    case "br":
      return html`<br>`;
    case "link":
      return link(token.href, html`${inlines(token.tokens, depth)}`);
    case "image":
      return link(token.href, html`${token.text || "picture"}`);
    case "checkbox":
      return html`${token.checked ? "[x] " : "[ ] "}`;
    case "text":
      return token.tokens ? html`${inlines(token.tokens, depth)}` : html`${token.text}`;
    case "escape":
      return html`${token.text}`;
    default:
      return html`${token.raw}`;
  }
}

function link(href: string, text: Html): Html {
  const url = URL.parse(href);
  if (url === null || !/^https?:$/.test(url.protocol)) return text;
  return html`<a href="${url.href}" rel="noopener noreferrer nofollow">${text}</a>`;
}
