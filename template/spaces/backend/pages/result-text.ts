/** Numbers and states of results in words, the same on the page, in `leaderboard/README.md` and in the digest. */
import type { LeaderboardRow } from "../board/queries/leaderboard.ts";
import type { UnrankedRow } from "../board/queries/unranked.ts";

/** Eight digits tell any two scores apart that are worth telling apart. */
export function numberText(value: number): string {
  return value.toLocaleString("en", { maximumSignificantDigits: 8 });
}

/** Rounded to two digits: more of an uncertainty says nothing. */
const roughly = (value: number) => value.toLocaleString("en", { maximumSignificantDigits: 2 });

type Row<Needed extends keyof LeaderboardRow> = Pick<LeaderboardRow, Needed> & Partial<LeaderboardRow>;

/** `500.4`, `500.4 ± 1.2`. */
export function scoreText({ score, spread }: Row<"score">): string {
  const plusMinus = spread?.plus_minus ?? null;
  return plusMinus === null ? numberText(score) : `${numberText(score)} ± ${roughly(plusMinus)}`;
}

/** `3`, `1 of 3, provisional`; `self-reported` where nothing was measured. */
export function drawsText(row: Row<"n" | "provisional" | "self_reported">): string {
  if (row.self_reported) return row.provisional ? "self-reported, provisional" : "self-reported";
  if (!row.provisional) return String(row.n);
  return row.draws_wanted === undefined
    ? `${row.n}, provisional`
    : `${row.n} of ${row.draws_wanted}, provisional`;
}

/** `=1` for a rank that is shared. */
export function rankText({ rank, tied }: Row<"rank" | "tied">): string {
  return tied > 1 ? `=${rank}` : String(rank);
}

/** State, why, and what else must be known to judge the row. */
export function stateText(row: Row<"verification" | "guardrails_ok" | "reason_code">): string {
  const { verification, verified_score: verified = null, contender = null, reproductions = 0 } = row;
  const why = row.reason ?? row.reason_code;
  return [
    verified === null ? verification : `${verification} at ${numberText(verified)}`,
    ...(why === null || verification === "valid" ? [] : [why]),
    ...(row.guardrails_ok === false ? ["breaks a guardrail"] : []),
    ...(reproductions > 0 ? [`reproduced by ${reproductions}`] : []),
    ...(contender === null ? [] : [`claims ${numberText(contender.score)}, ${contender.verification}`]),
  ].join(", ");
}

/** Why a result stands beside the board. */
export function unrankedText({ why, reason, reproduction_of: original }: UnrankedRow): string {
  if (why === "self_reported") return "self-reported: no run has measured it";
  if (original !== null) return `reproduction of ${original}`;
  return reason === null ? why : `${why}: ${reason}`;
}
