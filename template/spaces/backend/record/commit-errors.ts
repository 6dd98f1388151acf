/** What a caller is told when a write is not acknowledged. */
import { ApiError } from "../errors.ts";

export function overloaded(waiting: number): ApiError {
  const retryAfterSeconds = 5;
  return new ApiError("OVERLOADED", `${waiting} writes are waiting already.`, {
    hint: `Nothing was written. Try again in ${retryAfterSeconds} s.`,
    retryAfterSeconds,
  });
}

export function stopping(): ApiError {
  return new ApiError("NOT_READY", "The backend is stopping.", { retryAfterSeconds: 10 });
}

/** Another backend holds the lease. */
export function replaced(by: string | null): ApiError {
  const who = by === null ? "" : ` (${by})`;
  const message = `Another backend${who} writes this collab's buckets; this one only reads.`;
  return new ApiError("NOT_READY", message, {
    hint: "Organisers: run one backend per collab. If the other one is meant to go, stop it and restart this one.",
    retryAfterSeconds: 30,
  });
}

export function unavailable(cause?: unknown): ApiError {
  return new ApiError("HUB_UNAVAILABLE", "The Hub did not take the write.", {
    hint: "It was not acknowledged. Try again in a while; with an Idempotency-Key a repeat cannot double it.",
    retryAfterSeconds: 30,
    cause,
  });
}

export function deadlinePassed(nothingWritten: boolean): ApiError {
  return new ApiError("HUB_UNAVAILABLE", "The Hub did not take the write in time.", {
    hint: nothingWritten
      ? "Nothing was written. Try again later."
      : "It may still appear. Look before you post it again, or repeat it with the same Idempotency-Key.",
    retryAfterSeconds: 30,
  });
}

export function keyConflict(key: string): ApiError {
  const message = `The Idempotency-Key ${JSON.stringify(key.slice(0, 80))} was used for another request.`;
  return new ApiError("IDEMPOTENCY_CONFLICT", message, {
    hint: "Use a new key for each new request; the same key only to repeat the same request.",
  });
}

/** The Hub took the group and refused one of its files. */
export function refusedByHub(path: string, reason = ""): ApiError {
  return new ApiError("SOURCE_NOT_FOUND", `The Hub refused ${path}: ${reason.slice(0, 200)}`, {
    hint: "A file may have been changed or deleted while it was copied. Look at the source and try again.",
  });
}
