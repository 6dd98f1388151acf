/** `traces/{agent}/{session}/manifest.md`: what lists and statistics need of it (api-v1.md section 10). */
import { isYamlInteger, numberOf, pythonText, type YamlValue } from "../../documents/yaml-values.ts";
import type { ReadDocument } from "../read-document.ts";
import type { Sql } from "../sql.ts";

export const TOKEN_COUNTERS = [
  "total",
  "input",
  "output",
  "cache_read",
  "cache_creation",
  "reasoning",
] as const;
export type TokenCounter = (typeof TOKEN_COUNTERS)[number];

/** Settled once when the manifest is stored, so that no read looks at YAML types again. */
export interface TraceFacts {
  completeness: string;
  promoted_at: string;
  started_at: string | null;
  result_ref: string | null;
  tool_calls: number | null;
  tokens: { [counter in TokenCounter]?: number };
  cost_usd: number | null;
}

/** The list's sort key and cursor: `{promoted_at}|{agent}/{session}` (api-v1.md 10.4). */
export function traceKey(trace: { agent: string; session: string }, document: ReadDocument): string {
  return `${document.text("promoted_at")}|${trace.agent}/${trace.session}`;
}

export function applyTrace(
  sql: Sql,
  doc: number,
  trace: { agent: string; session: string },
  document: ReadDocument,
): void {
  const usage = asMapping(document.value("usage"));
  const cost = numberOf(document.value("cost_usd"));
  const facts: TraceFacts = {
    completeness: document.text("completeness"),
    promoted_at: document.text("promoted_at"),
    started_at: textOrNull(document.value("started_at")),
    result_ref: textOrNull(document.value("result_ref")),
    tool_calls: integerOrNull(asMapping(document.value("activity")).get("tool_calls")),
    tokens: Object.fromEntries(
      TOKEN_COUNTERS.flatMap((counter) => {
        const count = integerOrNull(usage.get(`${counter}_tokens`));
        return count === null ? [] : [[counter, count]];
      }),
    ),
    cost_usd: cost !== undefined && Number.isFinite(cost) ? cost : null,
  };
  sql.run(
    "INSERT INTO traces (doc, agent, session, harness, model, share, summary) VALUES (?, ?, ?, ?, ?, ?, ?)",
    doc,
    trace.agent,
    trace.session,
    document.text("harness"),
    textOrNull(document.value("model")) ?? "",
    document.text("share"),
    JSON.stringify(facts),
  );
}

const asMapping = (value: YamlValue | undefined) =>
  value instanceof Map ? value : new Map<string, YamlValue>();

function textOrNull(value: YamlValue | undefined): string | null {
  if (value === undefined || value === null) return null;
  return pythonText(value) || null;
}

/** An integer that a double holds exactly enough to be added up. */
function integerOrNull(value: YamlValue | undefined): number | null {
  if (!isYamlInteger(value)) return null;
  const count = Number(value);
  return Number.isFinite(count) ? count : null;
}
