/** The Hub could not be asked: never to be confused with "it says no". */
import { HubError } from "../../../hub/errors.ts";
import { ApiError } from "../errors.ts";

/** What the caller gets; `what` completes "The Hub could not …". Errors that are no answer of the Hub pass through. */
export function hubUnavailable(error: unknown, what: string): unknown {
  if (!(error instanceof HubError)) return error;
  return new ApiError("HUB_UNAVAILABLE", `The Hub could not ${what}.`, {
    hint: "Nothing was written. Try again in a while.",
    retryAfterSeconds: Math.max(5, Math.min(300, Math.ceil(error.retryAfterSeconds ?? 10))),
    cause: error,
  });
}
