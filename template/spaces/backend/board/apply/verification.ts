/** The verification index: a flat JSON object of result filename to state (api-v1.md 8.1). */
import type { ApplyContext } from "./file.ts";
import { unitHashOf } from "./result.ts";
import { refreshUnit } from "./unit.ts";

/** States by filename. Missing, unparseable or not an object: no states, everything is pending. */
export function parseVerificationIndex(text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new Map();
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return new Map();
  return new Map(Object.entries(value).map(([filename, state]) => [filename, asText(state)]));
}

const asText = (value: unknown) => (typeof value === "string" ? value : JSON.stringify(value));

/** Takes over a new index; `true` if any state differs. Costs what the index holds, so at most one pass per write. */
export function applyVerification(context: ApplyContext, text: string): boolean {
  const { sql } = context;
  const states = parseVerificationIndex(text);
  let changed = false;
  for (const row of sql.all<{ filename: string; state: string }>(
    "SELECT filename, state FROM verification",
  )) {
    const state = states.get(row.filename);
    if (state === row.state) {
      states.delete(row.filename);
      continue;
    }
    changed = true;
    if (state === undefined) {
      sql.run("DELETE FROM verification WHERE filename = ?", row.filename);
      setState(context, row.filename, "pending");
    }
  }
  for (const [filename, state] of states) {
    changed = true;
    sql.run(
      "INSERT INTO verification VALUES (?, ?) ON CONFLICT (filename) DO UPDATE SET state = excluded.state",
      filename,
      state,
    );
    setState(context, filename, state);
  }
  return changed;
}

function setState(context: ApplyContext, filename: string, state: string): void {
  const { changes } = context.sql.run(
    "UPDATE results SET verification = ? WHERE filename = ? AND verification <> ?",
    state,
    filename,
    state,
  );
  if (changes > 0) refreshUnit(context, unitHashOf(context.sql, filename));
}
