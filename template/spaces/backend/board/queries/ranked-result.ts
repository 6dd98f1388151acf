/** What the leaderboard says of one result: read when it is shown, and kept with the ranking. */
import type { Scoring } from "../../../../schema/collab.ts";
import { shownState, type Verdict } from "../../documents/verdict.ts";
import { guardrailsOk } from "../../ranking/guardrails.ts";
import type { Spread } from "../../ranking/statistic.ts";
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";
import { findVerdict } from "./verdicts.ts";

/** Fields of a result that every table of results shows. */
export interface ResultFacts {
  agent: string;
  hf_user: string | null;
  method: string;
  /** The state to show; see `shownState`. */
  verification: string;
  filename: string;
  timestamp: string;
  description: string;
  /** `false` when a guardrail is broken, `null` when that cannot be told from what the result reports. */
  guardrails_ok: boolean | null;
  /** Nobody measured the score: a participant typed it. */
  self_reported: boolean;
  run_id: string | null;
  /** Of the verdict: for programs, and a sentence with the numbers. */
  reason_code: string | null;
  reason: string | null;
  /** What the verifier measured on its own data. */
  verified_score: number | null;
  /** Guardrails, columns and limits of tracks, by field; what the result does not have is left out. */
  values: Record<string, number | string | boolean>;
  /** Tracks it counts in. */
  tracks: string[];
}

interface Source {
  doc: number;
  agent: string;
  filename: string;
  verification: string;
  run: string | null;
}

export function resultFacts(board: Board, row: Source): ResultFacts {
  const { scoring } = board;
  const stored = board.sql.get<{ frontmatter: string }>(
    "SELECT c.frontmatter FROM docs d JOIN contents c ON c.id = d.content WHERE d.id = ?",
    row.doc,
  );
  const fields = JSON.parse(stored?.frontmatter ?? "{}") as Frontmatter;
  const isHidden = board.hidden.has(row.filename);
  const verdict = findVerdict(board, row.filename);
  const verification = shownState(row.verification, verdict);
  // Of a state that a person has set in the index, the file does not know the reason.
  const known = verdict?.state === verification ? verdict : undefined;
  return {
    agent: row.agent,
    hf_user: ownerName(board, row.agent),
    method: isHidden ? "" : asText(fields.method),
    verification,
    filename: row.filename,
    timestamp: asText(fields.timestamp),
    description: isHidden ? "" : asText(fields.description),
    guardrails_ok: scoring === "none" ? null : guardrailsOk(scoring.guardrails, fields),
    self_reported: row.run === null,
    run_id: row.run,
    reason_code: known?.reason_code ?? null,
    reason: known?.reason || null,
    verified_score: scoring === "none" ? null : verifiedScore(known, scoring),
    values: scoring === "none" || isHidden ? {} : shownValues(scoring, fields),
    tracks: board.sql
      .all<{ track: string }>("SELECT track FROM in_track WHERE doc = ? ORDER BY track", row.doc)
      .map(({ track }) => track),
  };
}

/** The spread of its draws; `null` for what no run has measured. */
export function spreadOfUnit(
  board: Board,
  filename: string,
): { spread: Spread; reproductions: number } | null {
  const unit = board.sql.get<{ spread: string; reproductions: number }>(
    "SELECT u.spread, u.reproductions FROM results r JOIN units u ON u.hash = r.hash WHERE r.filename = ?",
    filename,
  );
  return unit ? { spread: JSON.parse(unit.spread) as Spread, reproductions: unit.reproductions } : null;
}

function ownerName(board: Board, agent: string): string | null {
  const owner = board.sql.get<{ hf_user: string }>("SELECT hf_user FROM agents WHERE id = ?", agent);
  return owner?.hf_user || null;
}

function verifiedScore(verdict: Verdict | undefined, { field }: Scoring): number | null {
  if (verdict?.state !== "valid") return null;
  return verdict.checks.find((check) => check.field === field)?.measured ?? null;
}

const VALUE_LENGTH = 60;

function shownValues({ guardrails, columns, tracks }: Scoring, fields: Frontmatter): ResultFacts["values"] {
  const shown = new Set(
    [...guardrails, ...columns, ...tracks.flatMap(({ limits }) => limits)].map(({ field }) => field),
  );
  for (const { requires } of tracks) for (const field of requires) shown.add(field);
  return Object.fromEntries(
    [...shown].flatMap((field): [string, number | string | boolean][] => {
      const value = Object.hasOwn(fields, field) ? fields[field] : undefined;
      if (typeof value === "string") return [[field, value.slice(0, VALUE_LENGTH)]];
      return typeof value === "number" || typeof value === "boolean" ? [[field, value]] : [];
    }),
  );
}

const asText = (value: unknown) =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);
