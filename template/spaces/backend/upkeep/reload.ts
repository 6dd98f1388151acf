/** Files that organisers change in the central bucket take effect without a restart. */
import { isDeepStrictEqual } from "node:util";
import { resourceNames, selfReported } from "../../../schema/collab.ts";
import { parseCollab } from "../../../schema/parse.ts";
import type { Board } from "../board/board.ts";
import { MODERATION_FILE, parseModeration } from "../board/moderation.ts";
import type { LiveCollab } from "../live-collab.ts";
import type { Log } from "../log.ts";

export const COLLAB_FILE = "collab.yaml";

/**
 * Takes over `text`, the file as it lies in the central bucket, if it is valid and still the same collab.
 * Requests that have begun go on with the configuration they read.
 */
export function reloadCollab(text: string, live: LiveCollab, board: Board, log: Log): void {
  const parsed = parseCollab(text, COLLAB_FILE);
  if (!parsed.ok) {
    const [first] = parsed.problems;
    log("warn", "collab.yaml has mistakes; the configuration before it stays", {
      problems: parsed.problems.length,
      first: first && `${first.line}:${first.column} ${first.path} ${first.message}`,
    });
    return;
  }
  const { collab } = parsed;
  if (isDeepStrictEqual(collab, live.current)) return;
  const moved =
    collab.collab.slug !== live.current.collab.slug || !isDeepStrictEqual(resourceNames(collab), live.names);
  if (moved) {
    log("warn", "collab.yaml names other buckets or Spaces; that takes a deploy", {
      slug: collab.collab.slug,
    });
    return;
  }
  live.replace(collab);
  // Also makes every cached answer stale: some of them show the configuration.
  board.setScoring(collab.scoring, selfReported(collab));
  log("info", "collab.yaml reloaded", { status: collab.collab.status });
}

/** No file: nothing is hidden. A file with mistakes changes nothing. */
export function reloadModeration(text: string | null, board: Board, log: Log): void {
  const hidden = text === null ? new Map<string, string>() : parseModeration(text);
  if (hidden === null) {
    log("warn", `${MODERATION_FILE} has mistakes; what was hidden stays hidden`, {
      form: '{"hidden": {"<filename>": "<reason>"}}',
    });
    return;
  }
  if (!isDeepStrictEqual(hidden, board.hidden)) board.setHidden(hidden);
}
