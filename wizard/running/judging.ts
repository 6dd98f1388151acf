/** Verdicts of organisers. The backend writes index, verdict file and announcement as one thing. */
import { z } from "zod";
import type { CollabApi } from "./api.ts";

/** What an organiser may say; the other states are the backend's own. */
export const VERDICTS = ["valid", "invalid", "pending", "disputed", "expired", "needs_pointer"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Judgement {
  state: Verdict;
  /** For its author. */
  reason: string;
  /** Stable, for programs. */
  reasonCode?: string;
  /** Post it on the board. */
  announce: boolean;
}

const Judged = z.looseObject({ state: z.string(), outcome: z.string() });

/** `outcome`: `applied`; `later` if the index cannot be written now. Throws `UserError` `backend_refused`. */
export function giveVerdict(
  api: CollabApi,
  filename: string,
  { state, reason, reasonCode, announce }: Judgement,
): Promise<z.infer<typeof Judged>> {
  const body = { state, reason, announce, ...(reasonCode !== undefined && { reason_code: reasonCode }) };
  return api.post(`/v1/results/${encodeURIComponent(filename)}:judge`, body, Judged);
}
