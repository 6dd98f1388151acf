/** A running collab's API, as organisers' commands use it. What it answers was written by others: never trusted. */
import { z } from "zod";
import { UserError } from "../terminal/errors.ts";
import { printable } from "../terminal/text.ts";

const TIMEOUT_MS = 30_000;
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

const ErrorAnswer = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullish() }),
});

export interface CollabApi {
  readonly url: string;
  /** The answer of a GET, checked against `schema`. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  /** `key`: repeating the call with the same one gives the first answer, and posts nothing twice. */
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, key?: string): Promise<T>;
}

/** `token` is a Hugging Face token; the backend asks the Hub whose it is. */
export function collabApi(options: { url: string; token: string; fetch?: typeof fetch }): CollabApi {
  const { url, token } = options;
  const send = options.fetch ?? fetch;
  const request = async <T>(
    method: string,
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    key?: string,
  ): Promise<T> => {
    const answer = await send(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        ...(key !== undefined && { "idempotency-key": key }),
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      // A redirect could carry the token elsewhere.
      redirect: "error",
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw unreachable(url, cause);
    });
    const json = await readJson(answer, url);
    if (!answer.ok) throw refused(`${method} ${path.split("?")[0]}`, answer.status, json);
    const parsed = schema.safeParse(json);
    if (!parsed.success) {
      throw new UserError({
        code: "unexpected_answer",
        message: `${url}${path.split("?")[0]} answered something else than expected.`,
        fix: "The backend may be of another version: run `agent-collab deploy`.",
        cause: parsed.error,
      });
    }
    return parsed.data;
  };
  return {
    url,
    get: (path, schema) => request("GET", path, schema),
    post: (path, body, schema, key) => request("POST", path, schema, body, key),
  };
}

async function readJson(answer: Response, url: string): Promise<unknown> {
  const length = Number(answer.headers.get("content-length") ?? 0);
  const bytes = length > MAX_ANSWER_BYTES ? null : await answer.arrayBuffer();
  if (bytes === null || bytes.byteLength > MAX_ANSWER_BYTES) {
    throw new UserError({
      code: "unexpected_answer",
      message: `${url} answered more than ${MAX_ANSWER_BYTES / 1024 / 1024} MB.`,
    });
  }
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

function unreachable(url: string, cause: unknown): UserError {
  return new UserError({
    code: "backend_unreachable",
    message: `The backend at ${url} does not answer.`,
    fix: "A Space that slept takes a minute to wake: try again. Else see its logs on the Hub, or run `agent-collab deploy`.",
    cause,
  });
}

function refused(call: string, status: number, json: unknown): UserError {
  const { data } = ErrorAnswer.safeParse(json);
  const reason = data ? printable(data.error.message) : `status ${status}`;
  const fallback =
    status === 401 || status === 403
      ? "Use the token of an organiser: an admin of the challenge organisation."
      : undefined;
  const fix = data?.error.hint ? printable(data.error.hint) : fallback;
  return new UserError({
    code: "backend_refused",
    message: `${call} was refused: ${reason}`,
    ...(fix ? { fix } : {}),
    data: { status, backend_code: data?.error.code ?? null },
  });
}
