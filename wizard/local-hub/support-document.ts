/** The table of supported operations as Markdown, for docs/local-hub.md. Made from the router, so that it is true. */
import type { RouteInfo } from "./router.ts";

/** Chapters, by how a path begins; the first that fits. */
const CHAPTERS: readonly [title: string, pattern: RegExp][] = [
  ["The hub itself", /^\/_emulator\//],
  ["Identity", /^\/api\/(whoami-v2|users|organizations|agent-harnesses)|^\/avatars/],
  ["Jobs", /^\/api\/jobs/],
  ["Buckets", /^\/api\/buckets|^\/buckets\/.*\/resolve\//],
  ["Xet storage", /^\/xet\//],
  ["Spaces", /^\/api\/spaces/],
  ["Repositories", /^\/api\/|\/(resolve|raw)\//],
  ["Sign in (OAuth, OpenID Connect)", /^\/oauth|^\/\.well-known/],
  ["Pages", /^/],
];

export function supportDocument(routes: readonly RouteInfo[]): string {
  const left = new Set(routes);
  return CHAPTERS.map(([title, pattern]) => {
    const found = [...left].filter((route) => pattern.test(route.path));
    for (const route of found) left.delete(route);
    const rows = found.toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)).map(row);
    return `### ${title}\n\n| | Operation | What it does |\n|---|---|---|\n${rows.join("\n")}\n`;
  }).join("\n");
}

function sortKey({ path, method }: RouteInfo): string {
  return `${path} ${method}`;
}

function row({ method, path, about, support }: RouteInfo): string {
  const what = about.charAt(0).toUpperCase() + about.slice(1);
  return `| ${support === "partial" ? "🟡" : "✅"} | \`${method} ${readablePath(path)}\` | ${cell(what)} |`;
}

/** `/tree/:path{.+}` as `/tree/{path…}`, `:type{models|datasets}` as `{models,datasets}`. */
function readablePath(path: string): string {
  return path
    .replace(/:(\w+)\{[^}]*\+[^}]*\}/g, (whole, name: string) =>
      whole.includes("[^/]") ? `{${name}}` : `{${name}…}`,
    )
    .replace(/:\w+\{([\w|]+)\}/g, (_, choices: string) => `{${choices.replaceAll("|", ",")}}`)
    .replace(/:(\w+)/g, "{$1}");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
