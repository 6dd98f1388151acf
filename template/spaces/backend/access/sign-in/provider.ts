/**
 * The Hub as an OpenID provider: where its endpoints are, which keys sign its id tokens, and what a code is
 * worth. No secret is involved: a static page is a public client, its proof is the PKCE verifier.
 */
import type { JsonWebKey } from "node:crypto";
import { z } from "zod";
import { ApiError } from "../../errors.ts";

export interface ProviderOptions {
  /** Of the Hub, without a trailing slash. */
  endpoint: string;
  now: () => number;
  fetch?: typeof fetch;
}

const Discovery = z.looseObject({
  issuer: z.string(),
  authorization_endpoint: z.url(),
  token_endpoint: z.url(),
  jwks_uri: z.url(),
});
export type ProviderEndpoints = z.infer<typeof Discovery>;

const Key = z.looseObject({ kid: z.string().default(""), kty: z.literal("RSA") });
const Keys = z.looseObject({ keys: z.array(z.unknown()) });
const Tokens = z.looseObject({ id_token: z.string() });

export interface CodeExchange {
  code: string;
  codeVerifier: string;
  redirectUri: string;
  clientId: string;
}

const TIMEOUT_MS = 10_000;
const ENDPOINTS_MS = 3_600_000;
/** Keys change rarely; an unknown one is worth another look, but not one for every forged token. */
const KEYS_MS = 3_600_000;
const KEYS_AGAIN_MS = 60_000;
const MAX_ANSWER_BYTES = 256 * 1024;

export class Provider {
  readonly #options: Required<ProviderOptions>;
  #endpoints: { until: number; value: ProviderEndpoints } | null = null;
  #discovering: Promise<ProviderEndpoints> | null = null;
  #keys: { at: number; byId: Map<string, JsonWebKey> } | null = null;

  constructor(options: ProviderOptions) {
    this.#options = { fetch: globalThis.fetch, ...options };
  }

  /** Throws 503 HUB_UNAVAILABLE. */
  async endpoints(): Promise<ProviderEndpoints> {
    const { endpoint, now } = this.#options;
    if (this.#endpoints && this.#endpoints.until > now()) return this.#endpoints.value;
    this.#discovering ??= this.#discover(endpoint, now).finally(() => {
      this.#discovering = null;
    });
    return this.#discovering;
  }

  async #discover(endpoint: string, now: () => number): Promise<ProviderEndpoints> {
    const { status, json } = await this.#ask(`${endpoint}/.well-known/openid-configuration`);
    const parsed = Discovery.safeParse(json);
    if (status !== 200 || !parsed.success) throw unavailable();
    const { token_endpoint, jwks_uri, issuer } = parsed.data;
    // Codes and keys are a matter of the Hub alone, whatever an answer says.
    const origin = new URL(endpoint).origin;
    const isHubs = (url: string) => URL.parse(url)?.origin === origin;
    if (![token_endpoint, jwks_uri, issuer].every(isHubs)) throw unavailable();
    this.#endpoints = { until: now() + ENDPOINTS_MS, value: parsed.data };
    return parsed.data;
  }

  /** The public key of that id; `undefined` if the Hub has none. A token that names none has an empty id. Throws 503. */
  async key(id: string): Promise<JsonWebKey | undefined> {
    const { now } = this.#options;
    const age = this.#keys ? now() - this.#keys.at : Number.POSITIVE_INFINITY;
    const known = age < KEYS_MS ? this.#keyOf(id) : undefined;
    if (known || age < KEYS_AGAIN_MS) return known;
    const { jwks_uri } = await this.endpoints();
    const { status, json } = await this.#ask(jwks_uri);
    const parsed = Keys.safeParse(json);
    if (status !== 200 || !parsed.success) throw unavailable();
    const usable = parsed.data.keys.flatMap((key) => Key.safeParse(key).data ?? []);
    this.#keys = { at: now(), byId: new Map(usable.map((key) => [key.kid, key as JsonWebKey])) };
    return this.#keyOf(id);
  }

  /** Where there is but one key, a token need not say which. */
  #keyOf(id: string): JsonWebKey | undefined {
    const keys = this.#keys?.byId;
    return id === "" && keys?.size === 1 ? keys.values().next().value : keys?.get(id);
  }

  /** The id token that a code stands for. Throws 401 for a code that is worth nothing, 503. */
  async redeem({ code, codeVerifier, redirectUri, clientId }: CodeExchange): Promise<string> {
    const { token_endpoint } = await this.endpoints();
    const { status, json } = await this.#ask(token_endpoint, {
      grant_type: "authorization_code",
      code,
      code_verifier: codeVerifier,
      redirect_uri: redirectUri,
      client_id: clientId,
    });
    if (status === 429 || status >= 500) throw unavailable();
    const parsed = Tokens.safeParse(json);
    if (status === 200 && parsed.success) return parsed.data.id_token;
    throw new ApiError("UNAUTHORIZED", "The Hub does not accept this sign-in.", {
      hint:
        status === 200
          ? "It gave no id token: ask for the scopes openid and profile."
          : "A code is good once and for a few minutes, with its own code_verifier and redirect_uri. Sign in again.",
    });
  }

  async #ask(url: string, form?: Record<string, string>): Promise<{ status: number; json: unknown }> {
    try {
      const response = await this.#options.fetch(url, {
        method: form ? "POST" : "GET",
        // What is on its way to the token endpoint must not be carried anywhere else.
        redirect: "error",
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(form ? { body: new URLSearchParams(form) } : {}),
      });
      const text = await response.text();
      if (text.length > MAX_ANSWER_BYTES) throw new Error(`an answer of ${text.length} characters`);
      return { status: response.status, json: jsonOf(text) };
    } catch (cause) {
      throw unavailable(cause);
    }
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable(cause?: unknown): ApiError {
  return new ApiError("HUB_UNAVAILABLE", "The Hub cannot be asked about this sign-in.", {
    hint: "Nobody was signed in. Try again in a while.",
    retryAfterSeconds: 10,
    cause,
  });
}
