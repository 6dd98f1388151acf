/** The little that we need to know about Markdown text written by organisers. */

const FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)$/;

/** Calls `visit` for every line, saying whether it lies inside a fenced code block (its fences included). */
function eachLine(
  markdown: string,
  visit: (line: string, inCode: boolean, number: number) => void,
): string | undefined {
  let fence: string | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    const mark = FENCE.exec(line);
    const [, run = "", info = ""] = mark ?? [];
    if (fence === undefined) {
      const opens = mark !== null && !(run.startsWith("`") && info.includes("`"));
      if (opens) fence = run;
      visit(line, opens, index + 1);
    } else {
      visit(line, true, index + 1);
      const closes = run.startsWith(fence[0] as string) && run.length >= fence.length && info.trim() === "";
      if (closes) fence = undefined;
    }
  }
  return fence;
}

/** Is a code block left open at the end? It would swallow everything that follows when parts are joined. */
export function hasOpenFence(markdown: string): boolean {
  return eachLine(markdown, () => {}) !== undefined;
}

/**
 * A document as a part of a larger one: its own title (a first heading of level 1) is dropped, and its
 * headings move down so that the highest has `level`.
 */
export function asSection(markdown: string, level: number): string {
  const text = markdown
    .replaceAll("\r\n", "\n")
    .trim()
    .replace(/^# [^\n]*\n?/, "")
    .trim();
  let highest = 6;
  eachLine(text, (line, inCode) => {
    const hashes = /^(#{1,6}) /.exec(line)?.[1];
    if (!inCode && hashes) highest = Math.min(highest, hashes.length);
  });
  const shift = Math.max(0, level - highest);
  const lines: string[] = [];
  eachLine(text, (line, inCode) => {
    lines.push(
      inCode
        ? line
        : line.replace(/^(#{1,6})(?= )/, (hashes) => "#".repeat(Math.min(6, hashes.length + shift))),
    );
  });
  return lines.join("\n");
}
