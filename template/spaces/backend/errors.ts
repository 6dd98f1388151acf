/** Errors of the API: one envelope `{error: {code, message, hint?}}`, produced in one place (`app.ts`). */

import type { Problem } from "../../schema/problem.ts";

/** Every code with its HTTP status. api-v1.md 5.2, plus ours at the end. */
export const ERROR_STATUS = {
  INVALID_PATH: 400,
  INVALID_QUERY: 400,
  INVALID_FRONTMATTER: 400,
  BODY_OR_SOURCE_REQUIRED: 400,
  UNAUTHORIZED: 401,
  BUCKET_NOT_OWNED_BY_CALLER: 403,
  IDENTITY_MISMATCH: 403,
  NOT_ORGANIZER: 403,
  NOT_REGISTERED: 404,
  NOT_FOUND: 404,
  SOURCE_NOT_FOUND: 404,
  TASKFORCE_NOT_FOUND: 404,
  JOBS_DISABLED: 404,
  AGENT_ID_TAKEN: 409,
  ALREADY_PROMOTED: 409,
  TASKFORCE_EXISTS: 409,
  BUCKET_MISSING: 412,
  SYNC_TOO_LARGE: 413,
  TOO_LARGE: 413,
  RATE_LIMITED: 429,
  JOB_LAUNCH_FAILED: 502,
  ORGANIZER_CHECK_UNAVAILABLE: 503,
  QUOTA_BACKEND_UNAVAILABLE: 503,
  INVALID_SUBMISSION: 400,
  INVALID_REQUEST: 422,
  RUN_NOT_OVER: 409,
  RUN_CANNOT_RANK: 409,
  COLLAB_CLOSED: 403,
  ORIGIN_NOT_ALLOWED: 403,
  IDEMPOTENCY_CONFLICT: 409,
  VERDICT_CONFLICT: 409,
  OVERLOADED: 503,
  HUB_UNAVAILABLE: 503,
  NOT_READY: 503,
  INTERNAL: 500,
} as const;

export type ErrorCode = keyof typeof ERROR_STATUS;

/** A refusal the caller can understand and mostly mend. Everything else that is thrown is our bug (500 INTERNAL). */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly retryAfterSeconds: number | undefined;
  /** What is wrong in files of the caller, with lines. */
  readonly problems: readonly Problem[] | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      hint?: string;
      retryAfterSeconds?: number;
      problems?: readonly Problem[];
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = "ApiError";
    this.code = code;
    this.hint = options.hint;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.problems = options.problems;
  }

  get status() {
    return ERROR_STATUS[this.code];
  }
}
