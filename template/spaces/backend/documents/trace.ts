/** The manifest of a trace: its rules (api-v1.md 10.2) and its file. */
import { ApiError } from "../errors.ts";
import type { FileChange } from "../record/types.ts";
import { isIsoMoment } from "./query-stamp.ts";
import { serialiseDocument } from "./serialise.ts";
import { frontmatterStamp, type Stamp } from "./stamp.ts";
import {
  isYamlInteger,
  numberOf,
  pythonText,
  type YamlMapping,
  YamlTimestamp,
  type YamlValue,
} from "./yaml-values.ts";

export const TOKEN_COUNTERS = [
  "total_tokens",
  "input_tokens",
  "output_tokens",
  "cache_read_tokens",
  "cache_creation_tokens",
  "reasoning_tokens",
] as const;

export type TraceShare = "stats" | "full";
export type TraceCompleteness = "full" | "partial";

/** Throws 400 INVALID_FRONTMATTER; returns the session id as text. */
export function checkManifest(frontmatter: YamlMapping): { sessionId: string } {
  for (const field of ["schema_version", "harness", "session_id"]) {
    const value = frontmatter.get(field);
    if (value === undefined || value === null || value === "")
      throw invalid(`the field "${field}" is missing`);
  }
  const usage = section(frontmatter, "usage");
  for (const counter of TOKEN_COUNTERS) requireCount(usage?.get(counter), `usage.${counter}`);
  const cost = frontmatter.get("cost_usd");
  const dollars = numberOf(cost);
  if (cost != null && (dollars === undefined || !Number.isFinite(dollars) || dollars < 0)) {
    throw invalid("cost_usd must be null or a finite number of at least 0");
  }
  requireCount(section(frontmatter, "activity")?.get("tool_calls"), "activity.tool_calls");
  for (const field of ["started_at", "ended_at"]) {
    if (!isMoment(frontmatter.get(field)))
      throw invalid(`${field} must be null or a time such as 2026-01-02T10:00:00Z`);
  }
  return { sessionId: pythonText(frontmatter.get("session_id") ?? "") };
}

/** `full` when a harness that counts everything reported tokens and tool calls. */
export function traceCompleteness(frontmatter: YamlMapping): TraceCompleteness {
  const harness = frontmatter.get("harness");
  const usage = frontmatter.get("usage");
  const activity = frontmatter.get("activity");
  const counted =
    usage instanceof Map &&
    isYamlInteger(usage.get("total_tokens")) &&
    activity instanceof Map &&
    isYamlInteger(activity.get("tool_calls"));
  return (harness === "claude-code" || harness === "codex") && counted ? "full" : "partial";
}

export interface TraceInput {
  agentId: string;
  sessionId: string;
  frontmatter: YamlMapping;
  body: string;
  share: TraceShare;
  /** The session's native log, copied by hash; for `share: full`. */
  log?: { name: string; size: number; xetHash: string; bucket: string };
  /** Files of the session that must go: the old log when a trace goes back to `stats`. */
  obsolete?: readonly string[];
}

export function buildTrace(input: TraceInput, stamp: Stamp) {
  const completeness = traceCompleteness(input.frontmatter);
  const frontmatter: YamlMapping = new Map(input.frontmatter);
  frontmatter.set("agent", input.agentId);
  frontmatter.set("promoted_at", frontmatterStamp(stamp));
  frontmatter.set("via", "bucket");
  frontmatter.set("share", input.share);
  frontmatter.set("completeness", completeness);
  const folder = `traces/${input.agentId}/${input.sessionId}/`;
  const changes: FileChange[] = [];
  if (input.log) {
    changes.push({
      op: "copy",
      path: `${folder}${input.log.name}`,
      size: input.log.size,
      xetHash: input.log.xetHash,
      source: { type: "bucket", id: input.log.bucket },
    });
  }
  const path = `${folder}manifest.md`;
  changes.push({ op: "put", path, text: serialiseDocument(frontmatter, input.body) });
  for (const obsolete of input.obsolete ?? []) changes.push({ op: "delete", path: obsolete });
  return { path, folder, completeness, changes };
}

function section(frontmatter: YamlMapping, field: string): YamlMapping | undefined {
  const value = frontmatter.get(field);
  if (value == null) return undefined;
  if (value instanceof Map) return value;
  throw invalid(`${field} must be a mapping`);
}

function requireCount(value: YamlValue | undefined, name: string): void {
  if (value == null || (isYamlInteger(value) && value >= 0)) return;
  throw invalid(`${name} must be null or an integer of at least 0`);
}

function isMoment(value: YamlValue | undefined): boolean {
  if (value == null || value instanceof YamlTimestamp) return true;
  return (
    typeof value === "string" &&
    (isIsoMoment(value) || /^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} UTC$/.test(value))
  );
}

function invalid(why: string): ApiError {
  return new ApiError("INVALID_FRONTMATTER", `The manifest cannot be taken: ${why}.`);
}
