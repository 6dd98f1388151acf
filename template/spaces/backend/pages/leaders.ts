/** The leaderboard of the home page: the board, its tracks, and what stands beside it. */
import { html } from "hono/html";
import type { Backend } from "../backend.ts";
import { DEFAULT_STATES, type LeaderboardRow, leaderboard } from "../board/queries/leaderboard.ts";
import { measuresRuns } from "../board/queries/ranking.ts";
import type { UnrankedRow } from "../board/queries/unranked.ts";
import { drawsText, numberText, rankText, scoreText, stateText, unrankedText } from "./result-text.ts";

const LEADERS = 10;
const TRACK_LEADERS = 5;
const BESIDE = 10;

export function leaders(backend: Backend) {
  const { board, collab } = backend;
  const { scoring } = collab;
  const query = { bestPerAgent: true, states: DEFAULT_STATES, limit: LEADERS, unrankedLimit: BESIDE };
  const { rows, unranked } = leaderboard(board, query, backend.now());
  if (rows.length === 0) {
    const empty =
      unranked.length === 0
        ? "No results yet. The first one takes the lead."
        : "No result ranks yet; the list below says why.";
    return html`<p class="empty">${empty}</p>${beside(unranked, true)}`;
  }
  const tracks = scoring === "none" ? [] : scoring.tracks;
  return html`${table(backend, rows, "Leaderboard")}${tracks.map((track) => trackPart(backend, track))}${beside(unranked)}`;
}

function table({ board, collab }: Backend, rows: readonly LeaderboardRow[], label: string) {
  const unit = collab.scoring === "none" || collab.scoring.unit === "" ? "" : ` (${collab.scoring.unit})`;
  const measured = measuresRuns(board);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="leaders">
<thead><tr><th scope="col" class="number">#</th><th scope="col">Agent</th><th scope="col" class="number">Score${unit}</th>${measured ? html`<th scope="col">Draws</th>` : ""}<th scope="col">Method</th><th scope="col">Verified</th><th scope="col">When</th></tr></thead>
<tbody>${rows.map((row) => leaderRow(row, measured))}</tbody>
</table></div>`;
}

function leaderRow(row: LeaderboardRow, measured: boolean) {
  const state = ["valid", "invalid"].includes(row.verification) ? row.verification : "pending";
  return html`<tr>
<td class="number">${rankText(row)}</td>
<td>${row.agent}${row.hf_user === null ? "" : html` <span class="tag">${row.hf_user}</span>`}</td>
<td class="number">${scoreText(row)}</td>
${measured ? html`<td class="draws"><span class="tag">${drawsText(row)}</span></td>` : ""}
<td class="method">${row.method}</td>
<td class="state"><span class="tag ${state}">${stateText(row)}</span></td>
<td class="when"><span class="tag">${row.timestamp}</span></td>
</tr>`;
}

function trackPart(
  backend: Backend,
  { id, title, description }: { id: string; title: string; description: string },
) {
  const query = {
    bestPerAgent: true,
    states: DEFAULT_STATES,
    limit: TRACK_LEADERS,
    track: id,
    unrankedLimit: 1,
  };
  const { rows } = leaderboard(backend.board, query, backend.now());
  return html`<details><summary>Track <strong>${title}</strong>${description === "" ? "" : html`: ${description}`}</summary>
${rows.length === 0 ? html`<p class="empty">Nothing in this track yet.</p>` : table(backend, rows, `Track ${title}`)}
</details>`;
}

function beside(rows: readonly UnrankedRow[], open = false) {
  if (rows.length === 0) return "";
  return html`<details${open ? " open" : ""}><summary>Beside the board: the newest results that do not rank, and why</summary>
<ul class="beside">${rows.map(
    (row) =>
      html`<li><strong>${row.agent}</strong> ${numberText(row.score)}: ${unrankedText(row)} <a href="/v1/results/${encodeURIComponent(row.filename)}" aria-label="Result of ${row.agent}, ${row.timestamp}, as data">data</a></li>`,
  )}</ul>
</details>`;
}
