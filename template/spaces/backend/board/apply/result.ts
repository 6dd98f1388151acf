/** Results: what the leaderboard needs of each (api-v1.md 7). */
import type { Scoring, SelfReported } from "../../../../schema/collab.ts";
import { tracksOf } from "../../ranking/tracks.ts";
import type { ReadDocument } from "../read-document.ts";
import type { Sql } from "../sql.ts";
import type { Frontmatter } from "../types.ts";
import type { ApplyContext } from "./file.ts";
import { rankOf, refreshAllUnits, refreshUnit, rereadDraws } from "./unit.ts";

/**
 * `candidate` ranks, if its state does. `repeat` is another result of something that ranks already,
 * `self-reported` a score that nobody measured where only measured ones rank.
 */
type ResultClass = "candidate" | "repeat" | "self-reported" | "negative" | "malformed";

export function applyResult(
  context: ApplyContext,
  doc: number,
  filename: string,
  author: string,
  document: ReadDocument,
): void {
  const { sql, scoring } = context;
  const judged = sql.get<{ state: string }>("SELECT state FROM verification WHERE filename = ?", filename);
  const result = classifyResult(document, context);
  sql.run(
    "INSERT INTO results (doc, filename, agent, status, class, run, hash, own, score, rank, provisional, verification)" +
      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    doc,
    filename,
    author || document.text("agent"),
    document.text("status"),
    result.kind,
    result.run,
    result.hash,
    result.score,
    result.score,
    rankOf(result.score, scoring),
    result.provisional ? 1 : 0,
    judged?.state ?? "pending",
  );
  storeTracks(sql, doc, scoring, document.frontmatter);
  refreshUnit(context, result.hash);
}

/** The hash of a result, to refresh its unit once it is gone or judged. */
export function unitHashOf(sql: Sql, filename: string): string | null {
  return (
    sql.get<{ hash: string | null }>("SELECT hash FROM results WHERE filename = ?", filename)?.hash ?? null
  );
}

/** Classifies every stored result anew, for a changed configuration. */
export function rerank(context: ApplyContext): void {
  const { sql, scoring } = context;
  const rows = sql.all<{ doc: number; frontmatter: string }>(
    "SELECT r.doc, c.frontmatter FROM results r JOIN docs d ON d.id = r.doc JOIN contents c ON c.id = d.content",
  );
  sql.run("DELETE FROM in_track");
  for (const row of rows) {
    // A file whose frontmatter could not be read is stored with none, and is malformed either way.
    const stored: Classified = { frontmatter: JSON.parse(row.frontmatter) as Frontmatter, parsed: true };
    const { kind, run, hash, score, provisional } = classifyResult(stored, context);
    sql.run(
      "UPDATE results SET class = ?, run = ?, hash = ?, own = ?, score = ?, rank = ?, provisional = ? WHERE doc = ?",
      kind,
      run,
      hash,
      score,
      score,
      rankOf(score, scoring),
      provisional ? 1 : 0,
      row.doc,
    );
    storeTracks(sql, row.doc, scoring, stored.frontmatter);
  }
  rereadDraws(context);
  refreshAllUnits(context);
  sql.run("DELETE FROM result_tallies");
  sql.run("INSERT INTO result_tallies SELECT class, verification, count(*) FROM results GROUP BY 1, 2");
}

function storeTracks(sql: Sql, doc: number, scoring: Scoring | "none", fields: Frontmatter): void {
  if (scoring === "none") return;
  for (const track of tracksOf(scoring.tracks, fields)) {
    sql.run("INSERT INTO in_track (doc, track) VALUES (?, ?)", doc, track);
  }
}

type Classified = Pick<ReadDocument, "frontmatter" | "parsed">;

interface Classification {
  kind: ResultClass;
  score: number | null;
  run: string | null;
  hash: string | null;
  provisional: boolean;
}

function classifyResult(
  { frontmatter, parsed }: Classified,
  { scoring, selfReported }: { scoring: Scoring | "none"; selfReported: SelfReported },
): Classification {
  const source = parsed ? sourceOf(frontmatter) : NO_RUN;
  const unranked = (kind: ResultClass) => ({ kind, score: null, provisional: false, ...source });
  if (!parsed) return unranked("malformed");
  const { status } = frontmatter;
  if (status === "negative") return unranked("negative");
  const score = scoring === "none" ? undefined : frontmatter[scoring.field];
  if (status !== "agent-run" || typeof score !== "number" || !Number.isFinite(score) || score <= 0) {
    return unranked("malformed");
  }
  const isClaim = source.run === null;
  return {
    kind: isClaim && selfReported !== "ranked" ? "self-reported" : "candidate",
    score,
    // Nobody has drawn a claim even once.
    provisional: isClaim && scoring !== "none" && scoring.draws > 1,
    ...source,
  };
}

const NO_RUN = { run: null, hash: null };

/** `via` is the server's own stamp: what a participant writes about runs proves nothing. */
function sourceOf({
  via,
  run_id: run,
  runtime_hash: hash,
}: Frontmatter): Pick<Classification, "run" | "hash"> {
  if (via !== "run" || typeof run !== "string" || typeof hash !== "string") return NO_RUN;
  return { run, hash };
}
