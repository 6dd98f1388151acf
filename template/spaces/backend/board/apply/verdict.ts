/** Verdict files: why a result has its state (documents/verdict.ts). */
import { parseVerdict, verdictPath } from "../../documents/verdict.ts";
import type { Sql } from "../sql.ts";

/** `true` if the board shows something else than before. A file that is no verdict is not shown. */
export function applyVerdict(sql: Sql, path: string, text: string): boolean {
  const verdict = parseVerdict(text);
  if (verdict === null || verdictPath(verdict.filename) !== path) return removeVerdict(sql, path);
  const { changes } = sql.run(
    "INSERT INTO verdicts VALUES (?, ?, ?, ?, ?) ON CONFLICT (path) DO UPDATE SET filename = excluded.filename," +
      " state = excluded.state, applied = excluded.applied, doc = excluded.doc WHERE doc <> excluded.doc",
    path,
    verdict.filename,
    verdict.state,
    verdict.applied ? 1 : 0,
    JSON.stringify(verdict),
  );
  return changes > 0;
}

export function removeVerdict(sql: Sql, path: string): boolean {
  return sql.run("DELETE FROM verdicts WHERE path = ?", path).changes > 0;
}
