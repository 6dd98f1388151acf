/** Making text safe to print. */

/** The CSI and OSC sequences first, so that no half of one is left; then every other control character. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose
  /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text from the network or a file, without terminal control sequences and direction overrides. */
export function printable(text: string): string {
  return text.replace(ESCAPES, "");
}

/** Columns needed: enough for aligning, exact for the Latin text our own tables hold. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - [...text].length));
}

/** `s` unless `count` is one: `plural(2, "file")` is "2 files". */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A number of bytes for people: `1.5 MB`. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let [value, unit] = [bytes, 0];
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A word for a shell: quoted only where it must be. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** `must not be empty` as a sentence of its own. */
export function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}

/**
 * Lines of at most `width` characters, broken at spaces; a longer word keeps a line to itself. What follows a first
 * column (`  name    text`) or an indent stays below it.
 */
export function wrapText(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    if ([...paragraph].length <= width) return [paragraph];
    const [column = ""] = /^ *(?:\S+ {2,})?/.exec(paragraph) ?? [];
    const indent = " ".repeat(column.length < width / 2 ? column.length : 0);
    const lines: string[] = [];
    let line = column;
    for (const word of paragraph.slice(column.length).split(/ +/)) {
      const start = line === column || line === indent;
      if (!start && [...line].length + 1 + [...word].length > width) {
        lines.push(line);
        line = indent + word;
      } else line = start ? line + word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}
