/** Results: what the leaderboard needs of each (api-v1.md 7). */
import type { Scoring } from "../../../../schema/collab.ts";
import type { ReadDocument } from "../read-document.ts";
import type { Frontmatter } from "../types.ts";
import type { ApplyContext } from "./file.ts";

type ResultClass = "candidate" | "negative" | "malformed";

export function applyResult(
  { sql, scoring }: ApplyContext,
  doc: number,
  filename: string,
  author: string,
  document: ReadDocument,
): void {
  const judged = sql.get<{ state: string }>("SELECT state FROM verification WHERE filename = ?", filename);
  const { kind, score } = classifyResult(document, scoring);
  sql.run(
    "INSERT INTO results (doc, filename, agent, status, class, score, rank, verification) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    doc,
    filename,
    author || document.text("agent"),
    document.text("status"),
    kind,
    score,
    rankOf(score, scoring),
    judged?.state ?? "pending",
  );
}

/** Classifies every stored result anew, for a changed `scoring`. */
export function rerank({ sql, scoring }: ApplyContext): void {
  const rows = sql.all<{ doc: number; frontmatter: string }>(
    "SELECT r.doc, c.frontmatter FROM results r JOIN docs d ON d.id = r.doc JOIN contents c ON c.id = d.content",
  );
  sql.run("DELETE FROM result_tallies");
  for (const row of rows) {
    // A file whose frontmatter could not be read is stored with none, and is malformed either way.
    const stored: Scored = { frontmatter: JSON.parse(row.frontmatter) as Frontmatter, parsed: true };
    const { kind, score } = classifyResult(stored, scoring);
    sql.run(
      "UPDATE results SET class = ?, score = ?, rank = ? WHERE doc = ?",
      kind,
      score,
      rankOf(score, scoring),
      row.doc,
    );
  }
  sql.run("INSERT INTO result_tallies SELECT class, verification, count(*) FROM results GROUP BY 1, 2");
}

type Scored = Pick<ReadDocument, "frontmatter" | "parsed">;

function classifyResult(
  document: Scored,
  scoring: Scoring | "none",
): { kind: ResultClass; score: number | null } {
  if (!document.parsed) return { kind: "malformed", score: null };
  const { status } = document.frontmatter;
  if (status === "negative") return { kind: "negative", score: null };
  const score = scoring === "none" ? undefined : document.frontmatter[scoring.field];
  if (status !== "agent-run" || typeof score !== "number" || !Number.isFinite(score) || score <= 0) {
    return { kind: "malformed", score: null };
  }
  return { kind: "candidate", score };
}

function rankOf(score: number | null, scoring: Scoring | "none"): number | null {
  if (score === null || scoring === "none") return null;
  return scoring.direction === "higher" ? -score : score;
}
