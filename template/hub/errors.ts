/** A call to the Hub that failed, with what a person or a retry needs. Never holds a token or a full URL. */
export class HubError extends Error {
  /** HTTP status, or 0 when no answer came (refused, reset, timed out). */
  readonly status: number;
  /** `METHOD /path` without host and query. */
  readonly call: string;
  /** `X-Error-Code` of the Hub: `RepoNotFound`, `EntryNotFound`, … */
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  /** Seconds the Hub asks to wait, from `Retry-After` or `RateLimit`. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    message: string,
    details: {
      status: number;
      call: string;
      code?: string;
      requestId?: string;
      retryAfterSeconds?: number;
      cause?: unknown;
    },
  ) {
    super(message, { cause: details.cause });
    this.name = "HubError";
    this.status = details.status;
    this.call = details.call;
    this.code = details.code;
    this.requestId = details.requestId;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }

  /** The thing is not there (or may not be seen); anything else means that it could not be asked. */
  get isNotFound(): boolean {
    return this.status === 404 || (this.status === 401 && this.code === "RepoNotFound");
  }

  /** Worth trying again: rate limit, server error, no answer. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Some entries of a bucket batch were refused although the request as a whole was answered. */
export class BatchFailedError extends HubError {
  readonly failed: readonly { path: string; error: string }[];

  constructor(call: string, status: number, failed: readonly { path: string; error: string }[]) {
    const first = failed[0];
    super(`${failed.length} of the batch failed${first ? `, first ${first.path}: ${first.error}` : ""}`, {
      status,
      call,
    });
    this.name = "BatchFailedError";
    this.failed = failed;
  }
}
