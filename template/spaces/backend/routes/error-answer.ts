/** Any thrown thing as an answer: the one error shape of the API (api-v1.md section 5). */
import { HubError } from "../../../hub/errors.ts";
import { ApiError } from "../errors.ts";
import { errorFields, type Log } from "../log.ts";
import { ValidationError } from "./validation.ts";

export interface RequestFacts {
  requestId: string;
  method: string;
  path: string;
}

const HUB_RETRY_SECONDS = 30;

export function errorAnswer(error: unknown, facts: RequestFacts, log: Log): Response {
  if (error instanceof ValidationError) {
    return json(422, {
      detail: error.detail,
      error: { code: "INVALID_REQUEST", message: error.message, request_id: facts.requestId },
    });
  }
  const refusal = asApiError(error);
  if (refusal.code === "INTERNAL" || refusal.code === "HUB_UNAVAILABLE") {
    log("error", "request failed", { ...facts, code: refusal.code, error: errorFields(error) });
  }
  const { code, message, hint, retryAfterSeconds, problems } = refusal;
  const wait = retryAfterSeconds === undefined ? undefined : Math.max(1, Math.ceil(retryAfterSeconds));
  return json(
    refusal.status,
    {
      error: {
        code,
        message,
        ...(hint === undefined ? {} : { hint }),
        ...(wait === undefined ? {} : { retry_after: wait }),
        ...(problems === undefined ? {} : { problems }),
        request_id: facts.requestId,
      },
    },
    wait === undefined ? {} : { "retry-after": String(wait) },
  );
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof HubError) {
    return new ApiError("HUB_UNAVAILABLE", "The Hugging Face Hub could not be asked. Nothing was changed.", {
      hint: "Try again; the same Idempotency-Key makes that safe.",
      retryAfterSeconds: error.retryAfterSeconds ?? HUB_RETRY_SECONDS,
      cause: error,
    });
  }
  return new ApiError("INTERNAL", "Something went wrong here; it is not your request's fault.", {
    cause: error,
  });
}

/** Unknown path or method: `detail` as old clients know it, and the envelope. */
export function routeMiss(status: 404 | 405, facts: RequestFacts, allow?: string): Response {
  const detail = status === 404 ? "Not Found" : "Method Not Allowed";
  const message =
    status === 404
      ? `There is nothing at ${facts.path}.`
      : `${facts.method} does not work on ${facts.path}; it takes ${allow}.`;
  const error = {
    code: status === 404 ? "NOT_FOUND" : "METHOD_NOT_ALLOWED",
    message,
    hint: "GET /v1 lists every endpoint.",
    request_id: facts.requestId,
  };
  return json(status, { detail, error }, allow === undefined ? {} : { allow });
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}
