/** Files of sessions that are over are deleted a few times a day. */
import { SESSION_MS } from "../access/sign-in/sessions.ts";
import type { Backend } from "../backend.ts";
import { errorFields } from "../log.ts";

const EVERY_MS = 6 * 3_600_000;

/** Returns the way to stop. */
export function sweepSessions({ access, log }: Backend, everyMs = EVERY_MS): () => void {
  const sweep = () =>
    access.sessionStore
      .sweep(SESSION_MS)
      .catch((error) => log("info", "old sessions are not deleted yet", { error: errorFields(error) }));
  const timer = setInterval(sweep, everyMs);
  timer.unref();
  return () => clearInterval(timer);
}
