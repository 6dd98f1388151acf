/** A named check of the surroundings of a collab, as `deploy` runs it before it touches anything and `doctor` prints it. */
import type { Hub, Whoami } from "../../../template/hub/types.ts";
import type { LoadedCollab } from "../../collab-dir.ts";
import type { CollabFolders } from "../folders/collab-folders.ts";
import type { Target } from "../target.ts";

export const CHECK_STATES = ["ok", "warn", "fail", "skip"] as const;
export type CheckState = (typeof CHECK_STATES)[number];

export interface CheckResult {
  /** Stable, `snake_case`. */
  name: string;
  state: CheckState;
  /** What is so; for `skip` why it was not looked at. */
  message: string;
  /** For `warn` and `fail`: what to do, with its address. */
  fix?: string;
  /** More for the JSON form. */
  data?: Record<string, unknown>;
}

/** What the checks look at. Everything in it has been read already or is read-only. */
export interface CheckContext {
  hub: Hub;
  target: Target;
  loaded: LoadedCollab;
  folders: CollabFolders;
  /** Who deploys. */
  caller: Whoami;
  /** As whom the backend will work, and where its token comes from. */
  backend: { who: Whoami; source: string };
  /** A token that reaches everything its owner can is accepted for the backend. */
  allowBroadToken: boolean;
  /** Nobody takes part yet: what only counts then may still be missing. */
  rehearsal: boolean;
}

export const ok = (name: string, message: string): CheckResult => ({ name, state: "ok", message });
export const skip = (name: string, message: string): CheckResult => ({ name, state: "skip", message });
export const warn = (name: string, message: string, fix: string): CheckResult => ({
  name,
  state: "warn",
  message,
  fix,
});
export const fail = (
  name: string,
  message: string,
  fix: string,
  data?: Record<string, unknown>,
): CheckResult => ({ name, state: "fail", message, fix, ...(data && { data }) });
