/** One HTTP request to the Hub or its storage: time limit, retries, errors. Everything else builds on it. */
import { HubError } from "./errors.ts";
import { askedWaitSeconds, backoffMs, sleeper } from "./retry.ts";
import type { HubClientOptions } from "./types.ts";

export interface HubRequest {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below the endpoint, already encoded; or absolute (storage), then without the Hub's token. */
  url: string;
  query?: Record<string, string | number | boolean | undefined>;
  json?: unknown;
  body?: { bytes: Uint8Array | string; type: string };
  /** Instead of the client's own token: another bearer, or `null` for none. */
  bearer?: string | null;
  /**
   * `any`: repeating it does no harm. `unsent`: only what the server certainly did not carry out (429) is
   * repeated, for creations and commits. Default: `any`.
   */
  repeat?: "any" | "unsent";
  /** Statuses besides 2xx that are answers, not errors. */
  accept?: readonly number[];
  /** Throws `HubError` 413 beyond. */
  maxBytes?: number;
}

export interface HubAnswer {
  status: number;
  headers: Headers;
  bytes: Uint8Array;
  text(): string;
  /** Throws `HubError` if it is no JSON. */
  json(): unknown;
}

export interface HubHttp {
  readonly endpoint: string;
  readonly options: HubClientOptions;
  send(request: HubRequest): Promise<HubAnswer>;
  /** The answer as soon as its headers are there, for streams. One attempt; the caller reads or cancels the body. */
  open(request: HubRequest, signal: AbortSignal): Promise<Response>;
  token(): string | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_ATTEMPTS = 5;
const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** No answer we read is near this; a runaway one must not fill the memory. */
const DEFAULT_MAX_BYTES = 256 * 1024 * 1024;

export function createHttp(options: HubClientOptions): HubHttp {
  const endpoint = options.endpoint.replace(/\/+$/, "");
  const now = options.now ?? Date.now;
  const sleep = sleeper(options);
  const attempts = options.attempts ?? DEFAULT_ATTEMPTS;
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const token = () => (typeof options.token === "function" ? options.token() : options.token);

  const open = async (request: HubRequest, signal: AbortSignal): Promise<Response> => {
    const init = requestInit(request, request.bearer === undefined ? token() : request.bearer, signal);
    let url = absoluteUrl(endpoint, request);
    if (request.bearer === undefined && new URL(url).origin !== new URL(endpoint).origin) {
      init.headers.delete("authorization");
    }
    for (let hop = 0; ; hop++) {
      // Resolved per call, so that a fetch replaced later (tests, tracing) is used.
      const response = await (options.fetch ?? fetch)(url, { ...init, redirect: "manual" });
      const location = response.headers.get("location");
      if (request.method !== "GET" || !REDIRECTS.has(response.status) || !location) return response;
      await response.body?.cancel();
      if (hop === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
      const next = new URL(location, url);
      if (next.origin !== new URL(url).origin) init.headers.delete("authorization");
      url = next.href;
    }
  };

  const attempt = async (request: HubRequest): Promise<HubAnswer> => {
    const call = callName(endpoint, request);
    const started = performance.now();
    const signal = AbortSignal.timeout(timeoutMs);
    let status = 0;
    try {
      const response = await open(request, signal);
      status = response.status;
      const limit = response.ok ? (request.maxBytes ?? DEFAULT_MAX_BYTES) : DEFAULT_MAX_BYTES;
      const answer = toAnswer(response, await readBody(response, limit, call), call);
      if (response.ok || request.accept?.includes(status)) return answer;
      throw errorFrom(answer, call, now());
    } catch (error) {
      if (error instanceof HubError) throw error;
      const reason = signal.aborted ? `no answer within ${timeoutMs / 1000} s` : networkReason(error);
      throw new HubError(`${call}: ${reason}`, { status: 0, call, cause: error });
    } finally {
      options.onCall?.({
        method: request.method,
        path: call.slice(request.method.length + 1),
        status,
        ms: performance.now() - started,
        kind: /^https?:/.test(request.url) ? "cas" : "hub",
      });
    }
  };

  const send = async (request: HubRequest): Promise<HubAnswer> => {
    for (let n = 1; ; n++) {
      options.signal?.throwIfAborted();
      try {
        return await attempt(request);
      } catch (error) {
        if (!(error instanceof HubError) || n >= attempts || !mayRepeat(request, error)) throw error;
        await sleep(backoffMs(n, error.retryAfterSeconds));
      }
    }
  };

  return { endpoint, options, send, open, token };
}

function mayRepeat(request: HubRequest, error: HubError): boolean {
  return request.repeat === "unsent" ? error.status === 429 : error.isTransient;
}

function absoluteUrl(endpoint: string, request: HubRequest): string {
  const url = new URL(/^https?:/.test(request.url) ? request.url : endpoint + request.url);
  for (const [key, value] of Object.entries(request.query ?? {})) {
    if (value !== undefined) url.searchParams.append(key, String(value));
  }
  return url.href;
}

function requestInit(request: HubRequest, bearer: string | null | undefined, signal: AbortSignal) {
  const headers = new Headers();
  if (bearer) headers.set("authorization", `Bearer ${bearer}`);
  let body: string | Uint8Array<ArrayBuffer> | undefined;
  if (request.json !== undefined) {
    headers.set("content-type", "application/json");
    body = JSON.stringify(request.json);
  } else if (request.body) {
    headers.set("content-type", request.body.type);
    body = request.body.bytes as string | Uint8Array<ArrayBuffer>;
  }
  return { method: request.method, headers, body, signal };
}

/** `METHOD /path`, without host (a storage host may be signed) and without query (cursors, e-mails). */
function callName(endpoint: string, request: HubRequest): string {
  return `${request.method} ${new URL(/^https?:/.test(request.url) ? request.url : endpoint + request.url).pathname}`;
}

async function readBody(response: Response, maxBytes: number, call: string): Promise<Uint8Array> {
  const tooLarge = () =>
    new HubError(`${call}: larger than ${maxBytes} bytes`, { status: 413, call, code: "TooLarge" });
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.body?.cancel();
    throw tooLarge();
  }
  const parts: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw cancels the stream.
  for await (const part of response.body ?? []) {
    size += part.length;
    if (size > maxBytes) throw tooLarge();
    parts.push(part);
  }
  return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, size);
}

function toAnswer(response: Response, bytes: Uint8Array, call: string): HubAnswer {
  const text = () => new TextDecoder().decode(bytes);
  return {
    status: response.status,
    headers: response.headers,
    bytes,
    text,
    json: () => {
      try {
        return JSON.parse(text()) as unknown;
      } catch (cause) {
        throw new HubError(`${call}: the answer is not JSON`, { status: 502, call, cause });
      }
    },
  };
}

function errorFrom(answer: HubAnswer, call: string, now: number): HubError {
  return new HubError(`${call}: ${answer.status} ${errorText(answer)}`.trim(), {
    status: answer.status,
    call,
    code: answer.headers.get("x-error-code") ?? undefined,
    requestId: answer.headers.get("x-request-id") ?? undefined,
    retryAfterSeconds: askedWaitSeconds(answer.headers, now),
  });
}

/** What the answer says about itself: one line, bounded, since it goes into logs and terminals. */
function errorText(answer: HubAnswer): string {
  let text = answer.headers.get("x-error-message") ?? "";
  if ((answer.headers.get("content-type") ?? "").startsWith("application/json")) {
    const body = answer.json() as { error?: unknown; message?: unknown } | null;
    const said = body?.error ?? body?.message;
    if (typeof said === "string") text = said;
  }
  return text
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .slice(0, 300);
}

/** undici hides the useful part (`ECONNREFUSED …`) in `cause`. */
function networkReason(error: unknown): string {
  const cause =
    error instanceof Error ? (error.cause as { code?: string; message?: string } | undefined) : undefined;
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : String(error));
}
