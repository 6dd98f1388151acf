/** `agent-collab close`: the end. The record stays readable; what still has to be run again is listed. */
import { z } from "zod";
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { printable } from "../terminal/text.ts";
import type { Ran } from "./deploy/run.ts";
import { registerPhase } from "./phase/set-status.ts";

const Leaderboard = z.looseObject({
  rows: z.array(
    z.looseObject({
      rank: z.number(),
      agent: z.string(),
      score: z.number(),
      verification: z.string(),
      filename: z.string(),
    }),
  ),
});

/** Places that are announced, and therefore have to be run again. */
const FINAL_PLACES = 10;

export const register = registerPhase({
  name: "close",
  status: "closed",
  done: "The collab is closed: its record stays readable, and nothing can be written any more.",
  after: async (loaded, ran) => {
    const rerun = await unverified(loaded, ran);
    if (rerun.length === 0) return { lines: [], json: { rerun } };
    const lines = rerun.map(
      ({ rank, agent, score, filename }) =>
        `  ${rank}. ${printable(agent)}  ${score}  ${printable(filename)}`,
    );
    const head = "Run these again before the final places are announced (agent-collab judge):";
    return { lines: ["", head, ...lines], json: { rerun } };
  },
});

/** The best results whose verdict is not in. */
async function unverified({ collab }: LoadedCollab, { backendUrl }: Ran) {
  if (collab.scoring === "none" || backendUrl === null) return [];
  const response = await fetch(`${backendUrl}/v1/leaderboard?limit=${FINAL_PLACES}`, {
    signal: AbortSignal.timeout(10_000),
  });
  const parsed = Leaderboard.safeParse(await response.json());
  if (!parsed.success) return [];
  return parsed.data.rows
    .filter(({ verification }) => verification !== "valid")
    .map(({ rank, agent, score, verification, filename }) => ({
      rank,
      agent,
      score,
      verification,
      filename,
      bucket: resourceNames(collab).centralBucket,
    }));
}
