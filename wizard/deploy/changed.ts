/** Somebody else works on the same resources at the same time. */
import { UserError } from "../terminal/errors.ts";

export function changedMeanwhile(id: string): UserError {
  return new UserError({
    code: "changed_meanwhile",
    message: `${id} was changed by somebody else while this deployment ran.`,
    fix: "Perhaps another deployment is running. Wait for it to end and run `agent-collab deploy` again.",
  });
}
