/** The last lines of a Space's or a Job's log, which the Hub serves as an event stream that may never end. */
import type { HubHttp } from "./http.ts";

/** A stream of a running Space stays open; silence means that what was there has been sent. */
const SILENCE_MS = 1_500;
const LONGEST_MS = 10_000;
const MAX_LINE = 2_000;

/** The last `tail` lines of the stream at `url`; none if there is no such log. */
export async function logLines(http: HubHttp, url: string, tail: number): Promise<string[]> {
  const abort = new AbortController();
  const longest = setTimeout(() => abort.abort(), LONGEST_MS);
  let silence: ReturnType<typeof setTimeout> | undefined;
  const lines: string[] = [];
  try {
    const response = await http.open({ method: "GET", url, query: { tail } }, abort.signal);
    if (!response.ok) {
      await response.body?.cancel();
      return [];
    }
    const decoder = new TextDecoder();
    let rest = "";
    for await (const part of response.body ?? []) {
      clearTimeout(silence);
      silence = setTimeout(() => abort.abort(), SILENCE_MS);
      const pieces = (rest + decoder.decode(part, { stream: true })).split("\n");
      rest = pieces.pop() ?? "";
      for (const piece of pieces) {
        const line = logLine(piece);
        if (line !== null) lines.push(line);
      }
      if (lines.length > 2 * tail) lines.splice(0, lines.length - tail);
    }
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    clearTimeout(longest);
    clearTimeout(silence);
  }
  return lines.slice(-tail);
}

/** Text of a `data: {"data": "text\n", …}` line; `null` for anything else of the stream. */
function logLine(eventLine: string): string | null {
  if (!eventLine.startsWith("data:")) return null;
  try {
    const event = JSON.parse(eventLine.slice("data:".length)) as { data?: unknown };
    if (typeof event?.data !== "string") return null;
    // What a program prints must not steer the terminal it is shown in.
    return event.data.replace(/\p{Cc}/gu, (char) => (char === "\t" ? char : "")).slice(0, MAX_LINE);
  } catch {
    return null;
  }
}
