/** Writing a run's file through the record: each step of a run is one durable change of it. */
import type { Backend } from "../backend.ts";
import { findRun } from "../board/queries/runs.ts";
import { parseRun, type Run, runPath, runText } from "../documents/run.ts";
import { isoStamp } from "../documents/stamp.ts";
import type { PendingView } from "../record/types.ts";

/** Changes the run as it is at this moment. `change` may be called more than once, and gets the time as ISO 8601. */
export function changeRun(
  { record, board }: Pick<Backend, "record" | "board">,
  known: Run,
  step: string,
  change: (run: Run, at: string) => Run,
): Promise<Run> {
  return record.submit({
    prepare(stamp, pending) {
      const run = change(currentRun(board, pending, known), isoStamp(stamp));
      return {
        changes: [{ op: "put", path: runPath(run.run_id), text: runText(run) }],
        audit: {
          agent_id: run.agent_id,
          route: "runs",
          via: "server",
          source: null,
          status_code: 200,
          run_id: run.run_id,
          step,
          job_id: run.attempts.at(-1)?.job_id ?? null,
          hf_user: run.hf_user,
        },
        response: run,
      };
    },
  });
}

/** On its way, on the board, or as the caller knows it where somebody has removed the file. */
function currentRun(board: Backend["board"], pending: PendingView, known: Run): Run {
  const text = pending.text(runPath(known.run_id));
  return (typeof text === "string" ? parseRun(text) : null) ?? findRun(board, known.run_id) ?? known;
}

/** With other facts about the attempt that is under way. */
export function withAttempt(run: Run, facts: Partial<Run["attempts"][number]>): Run["attempts"] {
  const last = run.attempts.at(-1);
  return last === undefined ? run.attempts : [...run.attempts.slice(0, -1), { ...last, ...facts }];
}
