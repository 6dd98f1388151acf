/** `GET /v1/verification`: who waits for a verdict, where in the queue, and until when. */
import { z } from "@hono/zod-openapi";
import type { Backend } from "../backend.ts";
import { verdictsIn, verdictsThatMatterIn } from "../board/queries/verdicts.ts";
import { pendingResults, verificationCounts } from "../board/queries/verification-queue.ts";
import { authorOf } from "../documents/filenames.ts";
import { isoStamp } from "../documents/stamp.ts";
import type { Verdict } from "../documents/verdict.ts";
import { capacityNow, queueNow } from "../verification/jobs-mode.ts";
import { forecast } from "../verification/queue.ts";
import { defineRoute } from "./define.ts";

const MAX_SHOWN = 200;

const Waiting = z.object({
  filename: z.string(),
  agent: z.string(),
  state: z.string(),
  position: z.number().int(),
  starts_at: z.string().nullable(),
  verdict_at: z
    .string()
    .nullable()
    .openapi({ description: "If every run takes as long as half of them did." }),
});
const Noted = z.object({
  filename: z.string(),
  agent: z.string(),
  since: z.string(),
  reason: z.string(),
  reason_code: z.string().nullable(),
});

export const getVerification = defineRoute({
  method: "GET",
  path: "/v1/verification",
  params: "",
  purpose: "The queue of verification: positions, expected times, capacity of the day, counts by state.",
  auth: "none",
  status: 200,
  response: z.object({
    mode: z.string(),
    states: z.record(z.string(), z.number().int()).openapi({
      description:
        "Results by state. One that repeats another waits for nothing, so it is not counted as pending.",
    }),
    capacity: z
      .object({
        runs_per_day: z.number().int(),
        left: z.number().int(),
        next_at: z.string().nullable(),
        minutes_per_run: z.number(),
      })
      .nullable(),
    queue: z.array(Waiting),
    running: z.array(Noted),
    needs_pointer: z.array(Noted),
    disputed: z.array(Noted),
    undecided: z
      .array(Noted)
      .openapi({ description: "A verifier looked and could not tell; a person decides." }),
  }),
  handler({ backend }) {
    const { board, collab } = backend;
    const noted = (verdicts: Verdict[]) => verdicts.slice(-MAX_SHOWN).map(note);
    const undecided = verdictsThatMatterIn(board, "pending").filter(({ reason_code: code }) => code !== null);
    return {
      json: {
        mode: collab.verification.mode,
        states: verificationCounts(board),
        ...waiting(backend),
        running: noted(verdictsIn(board, ["running"])),
        needs_pointer: noted(verdictsThatMatterIn(board, "needs_pointer")),
        disputed: noted(verdictsIn(board, ["disputed"])),
        undecided: noted(undecided),
      },
    };
  },
});

function note({ filename, at, reason, reason_code }: Verdict): z.output<typeof Noted> {
  return { filename, agent: authorOf(filename), since: at, reason, reason_code };
}

/** With times where a machine knows its own capacity; people and peers promise none. */
function waiting(backend: Backend) {
  const { collab, board, runs } = backend;
  const { verification } = collab;
  if (verification.mode !== "jobs") {
    const pending = pendingResults(board, MAX_SHOWN).toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
    const queue = pending.map(({ filename, agent }, index) => ({
      filename,
      agent,
      state: "pending",
      position: index + 1,
      starts_at: null,
      verdict_at: null,
    }));
    return { capacity: null, queue };
  }
  const capacity = capacityNow(backend, verification);
  const queue = queueNow(backend, verification).slice(0, MAX_SHOWN);
  const turns = forecast(queue.length, capacity);
  const { left, retry_after_seconds: wait } = runs.verificationCapacity();
  return {
    capacity: {
      runs_per_day: verification.runs_per_day,
      left,
      next_at: wait === null ? null : isoStamp(capacity.now + wait * 1000),
      minutes_per_run: Math.round(capacity.runMs / 6_000) / 10,
    },
    queue: queue.map(({ filename, agent }, index) => {
      const turn = turns[index];
      return {
        filename,
        agent,
        state: "queued",
        position: index + 1,
        starts_at: turn ? isoStamp(turn.startsAt) : null,
        verdict_at: turn ? isoStamp(turn.verdictAt) : null,
      };
    }),
  };
}
