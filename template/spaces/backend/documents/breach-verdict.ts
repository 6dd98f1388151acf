/** The verdict that a result gets from its own numbers when it is posted (documents/verdict.ts). */

import type { Breach } from "../ranking/guardrails.ts";
import type { FileChange } from "../record/types.ts";
import { isoStamp, type Stamp } from "./stamp.ts";
import { VerdictSchema, verdictPath, verdictText } from "./verdict.ts";

/** Not applied yet: the index follows once the result is durable, and a person's edit of it wins. */
export function breachVerdict(
  filename: string,
  breach: Breach,
  runIds: readonly string[],
  stamp: Stamp,
): FileChange {
  const verdict = VerdictSchema.parse({
    v: 1,
    filename,
    state: "invalid",
    ...breach,
    by: "backend",
    at: isoStamp(stamp),
    run_ids: [...runIds],
    applied: false,
  });
  return { op: "put", path: verdictPath(filename), text: verdictText(verdict) };
}
