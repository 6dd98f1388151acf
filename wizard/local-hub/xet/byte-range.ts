/** The `Range` header (RFC 9110, section 14). */
import type { Span } from "./reconstruction.ts";

/** More ranges than this in one request are answered as if there were no `Range`. */
const MAX_RANGES = 64;

/**
 * The requested parts of `size` bytes in the order asked for, cut at the end. `null`: no (understandable)
 * range, send everything. An empty list: nothing of it exists, 416.
 */
export function parseRange(header: string | undefined, size: number): Span[] | null {
  const list = /^bytes=(.+)$/i.exec(header?.trim() ?? "")?.[1]?.split(",");
  if (list === undefined || list.length > MAX_RANGES) return null;
  const spans: Span[] = [];
  for (const item of list) {
    const match = /^\s*(\d*)-(\d*)\s*$/.exec(item);
    const [from, to] = [match?.[1] ?? "", match?.[2] ?? ""];
    if (match === null || (from === "" && to === "")) return null;
    if (from !== "" && to !== "" && Number(to) < Number(from)) return null;
    const start = from === "" ? Math.max(0, size - Number(to)) : Number(from);
    const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
    if (start < end) spans.push({ start, end });
  }
  return spans;
}
