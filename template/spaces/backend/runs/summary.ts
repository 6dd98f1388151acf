/** From a harness's summary.json to what a run's public file says of it. Pure. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type Collab, ISOLATION_PARTS } from "../../../schema/collab.ts";
import type { Run, RunGate, RunSummary } from "../documents/run.ts";

const MAX_TEXT = 200;
const MAX_GATES = 50;
/** A word of the harness itself, such as `tie-only`: all that a verification's public file takes as text. */
const WORD = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;

const Scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]).catch(null);
const Gate = z.looseObject({
  gate: z.string().optional(),
  name: z.string().optional(),
  ok: z.boolean(),
  value: Scalar,
  limit: Scalar,
  comparison: z.string().catch(""),
  reason_code: z.string().nullable().catch(null),
});
const Provenance = z.looseObject({
  harness_version: z.string().nullish().catch(null),
  harness_sha256: z.string().nullish().catch(null),
  submission: z
    .looseObject({ runtime_sha256: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
});

export interface ReadSummary {
  summary: RunSummary;
  /** The harness's word on what really ran; `null` if it has none. */
  runtimeHash: string | null;
  /** Fields of the score and of guardrails that hold no finite number. */
  missing: string[];
}

/** `null` for text that is no JSON object. */
export function readSummary(
  text: string,
  { scoring }: Pick<Collab, "scoring">,
  kind: Run["kind"],
): ReadSummary | null {
  const document = parseObject(text);
  if (document === null) return null;
  const block = isObject(document.score) ? document.score : {};
  const given = (field: string): unknown => document[field] ?? block[field];
  const numbers = scoring === "none" ? [] : [scoring.field, ...scoring.guardrails.map(({ field }) => field)];
  const values: RunSummary["values"] = {};
  for (const field of fieldsOf(scoring)) {
    const value = publicValue(given(field), kind);
    if (value !== null) values[field] = value;
  }
  const provenance = Provenance.safeParse(document.provenance).data;
  const gates = gatesOf(document.gates, kind);
  const short = (word: string | null | undefined) => word?.slice(0, MAX_TEXT) ?? null;
  return {
    summary: {
      sha256: createHash("sha256").update(text).digest("hex"),
      values,
      gates,
      gates_ok: Array.isArray(document.gates) ? gates.every(({ ok }) => ok) : null,
      harness_version: short(provenance?.harness_version),
      harness_sha256: short(provenance?.harness_sha256),
      ...isolationOf(document.isolation),
    },
    runtimeHash: short(provenance?.submission?.runtime_sha256),
    missing: numbers.filter((field) => typeof values[field] !== "number"),
  };
}

/** Everything that a collab's board may show of a run. */
function fieldsOf(scoring: Collab["scoring"]): Set<string> {
  if (scoring === "none") return new Set();
  const { field, guardrails, columns, tracks } = scoring;
  return new Set([
    field,
    ...guardrails.map((guardrail) => guardrail.field),
    ...columns.map((column) => column.field),
    ...tracks.flatMap(({ requires, limits }) => [...requires, ...limits.map((limit) => limit.field)]),
  ]);
}

function publicValue(value: unknown, kind: Run["kind"]): number | string | boolean | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "boolean") return value;
  if (typeof value !== "string") return null;
  if (kind === "verification") return WORD.test(value) ? value : null;
  return value.replace(/\p{Cc}+/gu, " ").slice(0, MAX_TEXT);
}

/** `{files: {enforced: true}, …}`, as far as it says something of the parts that there are. */
function isolationOf(value: unknown): Pick<RunSummary, "isolation"> {
  if (!isObject(value)) return {};
  const said = ISOLATION_PARTS.flatMap((part) => {
    const { enforced } = isObject(value[part]) ? value[part] : {};
    return typeof enforced === "boolean" ? [[part, enforced] as const] : [];
  });
  return { isolation: Object.fromEntries(said) };
}

function gatesOf(value: unknown, kind: Run["kind"]): RunGate[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, MAX_GATES).map((entry, index): RunGate => {
    const parsed = Gate.safeParse(entry);
    const name = (parsed.data?.gate ?? parsed.data?.name ?? `gate ${index + 1}`).slice(0, 60);
    // What cannot be read has not been passed.
    if (!parsed.success)
      return { name, ok: false, reason_code: "gate_unreadable", value: null, limit: null, comparison: "" };
    const { ok, reason_code, comparison } = parsed.data;
    return {
      name,
      ok,
      reason_code: reason_code !== null && /^[a-z][a-z0-9_]{0,59}$/.test(reason_code) ? reason_code : null,
      value: publicValue(parsed.data.value, kind),
      limit: publicValue(parsed.data.limit, kind),
      comparison: /^\s*([<>=!]{1,2})/.exec(comparison)?.[1] ?? "",
    };
  });
}

export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
