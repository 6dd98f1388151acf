/** From a path in the data to a place in the YAML text. */
import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type LineCounter, type Node } from "yaml";
import type { PathSegments } from "./problem.ts";

export interface Place {
  line: number;
  column: number;
}

/**
 * Where the value at `path` starts, or its key with `key: true`. If it is not there (a missing key), the place
 * of the nearest thing above it.
 */
export function locate(
  document: Document,
  lines: LineCounter,
  path: PathSegments,
  options: { key?: boolean } = {},
): Place {
  let node = document.contents as unknown;
  let offset = 0;
  for (const [index, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (!isPair(pair)) break;
      const wantsKey = options.key === true && index === path.length - 1;
      offset = start(wantsKey ? pair.key : pair.value) ?? start(pair.key) ?? offset;
      // A mapping starts on the line below its key; the key is the better place to point at.
      if (isMap(pair.value) || isSeq(pair.value)) offset = start(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof segment === "number") {
      node = node.items[segment];
      offset = start(node) ?? offset;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

function start(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
