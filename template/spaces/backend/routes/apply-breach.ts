/** Brings a verdict that a result got when it was posted into the index, unless a person has decided otherwise. */
import type { Backend } from "../backend.ts";
import { findVerdict } from "../board/queries/verdicts.ts";
import { verdictPath, verdictText } from "../documents/verdict.ts";
import { errorFields } from "../log.ts";

/** Never rejects: what the Hub does not take now is completed later, from `applied: false` in the file. */
export async function applyBreach(backend: Backend, filename: string): Promise<void> {
  const { record, board, log } = backend;
  try {
    let deferred = false;
    const outcome = await record.verification.update((entries) => {
      const entry = entries.get(filename) ?? "pending";
      deferred = entry !== "pending" && entry !== "invalid";
      return entry === "pending" ? new Map([...entries, [filename, "invalid"]]) : null;
    });
    const verdict = findVerdict(board, filename);
    if (outcome === "unreadable" || verdict === undefined) return;
    await record.submit({
      prepare: () => ({
        changes: [
          {
            op: "put",
            path: verdictPath(filename),
            text: verdictText({ ...verdict, applied: true, deferred }),
          },
        ],
        audit: { agent_id: null, route: "verdict", via: "server", source: null, status_code: 200 },
        response: null,
      }),
    });
  } catch (error) {
    log("warn", "a verdict waits for the index", { filename, error: errorFields(error) });
  }
}
