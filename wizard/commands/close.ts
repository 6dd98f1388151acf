/** `agent-collab close`: the end. The record stays readable; what still has to be run again is listed. */
import { z } from "zod";
import type { LoadedCollab } from "../collab-dir.ts";
import { collabApi } from "../running/api.ts";
import { UserError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";
import type { Ran } from "./deploy/run.ts";
import { registerPhase } from "./phase/set-status.ts";

const Leaderboard = z.looseObject({
  rows: z.array(
    z.looseObject({
      rank: z.number().nullable(),
      agent: z.string(),
      score: z.number().nullable(),
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
  done: "The collab is closed: its record stays readable, and participants can write nothing any more.",
  variant: {
    flag: "--freeze",
    about: "before the end: participants stop, organisers go on to judge the final places",
    status: "frozen",
    done: "The collab is frozen: participants can write nothing any more, while you judge the final places. Then: agent-collab close.",
  },
  after: async (loaded, ran) => {
    const rerun = await unverified(loaded, ran);
    if (rerun === null) {
      const line = "The leaderboard could not be read: look at it before the final places are announced.";
      return { lines: ["", line], json: { rerun } };
    }
    if (rerun.length === 0) return { lines: [], json: { rerun } };
    const lines = rerun.map(
      ({ rank, agent, score, filename, verification }) =>
        `  ${rank ?? "-"}. ${printable(agent)}  ${score ?? ""}  ${printable(filename)}  (${printable(verification)})`,
    );
    const head = "Run these again before the final places are announced, then judge them:";
    const how = `  agent-collab judge verdict ${printable(rerun[0]?.filename ?? "FILE")} valid --reason "..."`;
    return { lines: ["", head, ...lines, how], json: { rerun } };
  },
});

/** The best results whose verdict is not in; `null` if the backend does not say. */
async function unverified({ collab }: LoadedCollab, { backendUrl, target }: Ran) {
  if (collab.scoring === "none" || backendUrl === null) return [];
  try {
    const api = collabApi({ url: backendUrl, token: target.token });
    const { rows } = await api.get(`/v1/leaderboard?limit=${FINAL_PLACES}`, Leaderboard);
    return rows
      .filter(({ verification }) => verification !== "valid")
      .map(({ rank, agent, score, verification, filename }) => ({
        rank,
        agent,
        score,
        verification,
        filename,
      }));
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}
