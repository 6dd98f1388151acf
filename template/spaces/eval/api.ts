/** The backend's API, as far as the eval Space uses it. */
import { z } from "zod";
import type { EvaluatorVerdict } from "./verdict.ts";

const PAGE = 200;
const TIMEOUT_MS = 60_000;
const MAX_MESSAGE = 300;

const Item = z.object({
  filename: z.string(),
  frontmatter: z.record(z.string(), z.unknown()),
  body: z.string(),
  verification: z.string(),
});
export type PendingResult = z.infer<typeof Item>;

const Page = z.object({ items: z.array(Item), next: z.string().nullable() });
const Submission = z.object({
  bucket: z.string(),
  prefix: z.string(),
  files: z.number(),
  bytes: z.number(),
});
export type FrozenSubmission = z.infer<typeof Submission>;
const Judged = z.object({ outcome: z.enum(["applied", "deferred", "later"]) });
const Refusal = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** The backend refused, or could not be reached (`status` 0). */
export class BackendError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(message: string, status: number, code: string, cause?: unknown) {
    super(message, { cause });
    this.name = "BackendError";
    this.status = status;
    this.code = code;
  }
}

export interface BackendApiOptions {
  /** Asked anew for every call: a backend that was not there at the start may be now. */
  url: () => Promise<string>;
  token: string;
}

export class BackendApi {
  readonly #options: BackendApiOptions;

  constructor(options: BackendApiOptions) {
    this.#options = options;
  }

  /** Results that wait for a verdict, oldest first. Throws `BackendError`. */
  async *pending(): AsyncGenerator<PendingResult> {
    let after: string | null = null;
    do {
      const cursor: string = after === null ? "" : `&after=${encodeURIComponent(after)}`;
      const query = `verification=pending&status=agent-run&expand=true&limit=${PAGE}&order=asc${cursor}`;
      const page: z.infer<typeof Page> = await this.#ask("GET", `/v1/results?${query}`, Page);
      yield* page.items;
      after = page.next;
    } while (after !== null);
  }

  /** The frozen submission; `null` if the result points at nothing that can be run. Throws `BackendError`. */
  async submission(filename: string): Promise<FrozenSubmission | null> {
    try {
      return await this.#ask(
        "POST",
        `/v1/results/${encodeURIComponent(filename)}:submission`,
        Submission,
        {},
      );
    } catch (error) {
      if (error instanceof BackendError && error.status === 404) return null;
      throw error;
    }
  }

  /** Throws `BackendError`. */
  judge(filename: string, state: "valid" | "invalid" | "needs_pointer", verdict: EvaluatorVerdict) {
    const { reason, reasonCode, checks } = verdict;
    const body = { state, reason, reason_code: reasonCode, checks, machine: true, agent: "eval-space" };
    return this.#ask("POST", `/v1/results/${encodeURIComponent(filename)}:judge`, Judged, body);
  }

  async #ask<T extends z.ZodType>(
    method: "GET" | "POST",
    path: string,
    schema: T,
    body?: unknown,
  ): Promise<z.output<T>> {
    const { token } = this.#options;
    let answer: Response;
    let json: unknown;
    try {
      answer = await fetch(`${await this.#options.url()}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
        // A redirect could carry the token elsewhere.
        redirect: "error",
      });
      json = await answer.json();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new BackendError(`the backend does not answer: ${message}`, 0, "UNREACHABLE", error);
    }
    if (answer.ok) {
      const parsed = schema.safeParse(json);
      if (parsed.success) return parsed.data;
      throw new BackendError(`${path}: not the answer that was expected`, answer.status, "UNEXPECTED");
    }
    const refusal = Refusal.safeParse(json);
    const { code, message } = refusal.success ? refusal.data.error : { code: "UNEXPECTED", message: "" };
    throw new BackendError(
      `${path}: ${answer.status} ${code} ${message}`.slice(0, MAX_MESSAGE),
      answer.status,
      code,
    );
  }
}
