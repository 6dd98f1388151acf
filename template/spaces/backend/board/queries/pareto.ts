/** Two numbers of every ranked result against each other, and which points nobody beats in both. */
import type { Scoring } from "../../../../schema/collab.ts";
import { numberIn } from "../../ranking/guardrails.ts";
import { type Better, dominated } from "../../ranking/pareto.ts";
import type { Board } from "../board.ts";
import type { Frontmatter } from "../types.ts";
import { ranking } from "./ranking.ts";

export interface ParetoQuery {
  x: string;
  y: string;
  states: readonly string[];
  track?: string;
  /** Only the best result of each agent. */
  bestPerAgent: boolean;
  /** Where the default of a field is not what is meant. */
  better?: Partial<Better>;
}

export interface ParetoPoint {
  agent: string;
  filename: string;
  verification: string;
  rank: number;
  x: number;
  y: number;
  /** Another point is at least as good in both and better in one. */
  dominated: boolean;
}

/** Fields that can be an axis: the score and everything else that holds a number. */
export function axisFields({ field, guardrails, columns, tracks }: Scoring): string[] {
  const limits = tracks.flatMap((track) => track.limits);
  return [...new Set([field, ...[...guardrails, ...limits, ...columns].map((known) => known.field)])];
}

/** The score has its direction, a field with only a maximum is better lower, everything else higher. */
export function betterSide(scoring: Scoring, field: string): "higher" | "lower" {
  if (field === scoring.field) return scoring.direction;
  const limits = [...scoring.guardrails, ...scoring.tracks.flatMap((track) => track.limits)];
  const limit = limits.find((known) => known.field === field);
  return limit?.max !== undefined && limit.min === undefined ? "lower" : "higher";
}

/** In the order of the board; results that lack one of the two are left out. Kept until the ranking changes. */
export function paretoPoints(board: Board, scoring: Scoring, query: ParetoQuery): readonly ParetoPoint[] {
  const { x, y, states, track, bestPerAgent } = query;
  const better = {
    x: query.better?.x ?? betterSide(scoring, x),
    y: query.better?.y ?? betterSide(scoring, y),
  };
  const key = `pareto ${x} ${y} ${better.x} ${better.y} ${bestPerAgent} ${track ?? ""} ${[...states].sort()}`;
  return board.computed("ranking", key, () => {
    const rows = ranking(board, { bestPerAgent, states, track }).filter(
      ({ filename }) => !board.hidden.has(filename),
    );
    const points = rows.flatMap(({ doc, agent, filename, verification, score, place }) => {
      const values = valuesOf(board, doc);
      const numberOf = (field: string) => (field === scoring.field ? score : numberIn(values, field));
      const [atX, atY] = [numberOf(x), numberOf(y)];
      if (atX === undefined || atY === undefined) return [];
      return [{ agent, filename, verification, rank: place.rank, x: atX, y: atY }];
    });
    const beaten = dominated(points, better);
    return points.map((point, at) => ({ ...point, dominated: beaten[at] ?? false }));
  });
}

function valuesOf(board: Board, doc: number): Frontmatter {
  const stored = board.sql.get<{ frontmatter: string }>(
    "SELECT c.frontmatter FROM docs d JOIN contents c ON c.id = d.content WHERE d.id = ?",
    doc,
  );
  return JSON.parse(stored?.frontmatter ?? "{}") as Frontmatter;
}
