/**
 * Sessions of humans who signed in through the dashboard (dashboard.md 4.4): a code or an id token of the Hub
 * becomes a token of our own, so that no Hub token has to live in a page.
 */
import { ApiError } from "../../errors.ts";
import type { Identity } from "../identity.ts";
import { type SignedInUser, verifyIdToken } from "./id-token.ts";
import type { Provider } from "./provider.ts";
import type { Session, SessionStore } from "./session-store.ts";
import { newSessionToken, sessionId } from "./session-token.ts";

export const SESSION_MS = 8 * 3_600_000;

/** What a page brings back from the Hub: its code, or the id token it has redeemed the code for. */
export type SignInProof =
  | {
      kind: "code";
      code: string;
      codeVerifier: string;
      redirectUri: string;
      nonce: string;
      /** Where the collab has several apps; the dashboard's without it. */
      clientId: string | undefined;
    }
  | { kind: "tokens"; accessToken: string; idToken: string; nonce: string };

export interface SessionsOptions {
  provider: Provider;
  store: SessionStore;
  /** Whose access token it is. Throws 401, 429, 503. */
  whoami(token: string): Promise<Pick<Identity, "name">>;
  now: () => number;
  /** Client ids of our own apps. */
  clientIds(): readonly string[];
}

export class Sessions {
  readonly #options: SessionsOptions;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Who signed in. Throws 401 for a sign-in that is none, or not to one of our apps; 503. */
  async verify(proof: SignInProof): Promise<SignedInUser> {
    const { provider, clientIds, now } = this.#options;
    const ids = clientIds();
    const [first] = ids;
    if (first === undefined) {
      throw new ApiError("NOT_READY", "This collab has no dashboard that people can sign in to yet.", {
        hint: "Its Space must be there, with hf_oauth: true. GET /v1/auth shows what is known.",
        retryAfterSeconds: 60,
      });
    }
    const clientId = (proof.kind === "code" && proof.clientId) || first;
    if (!ids.includes(clientId))
      throw new ApiError("UNAUTHORIZED", "The client_id is no app of this collab.");
    const idToken = proof.kind === "tokens" ? proof.idToken : await provider.redeem({ ...proof, clientId });
    const { issuer } = await provider.endpoints();
    const user = await verifyIdToken(idToken, {
      issuer,
      clientIds: ids,
      nonce: proof.nonce,
      now: now(),
      key: (id) => provider.key(id),
    });
    if (proof.kind === "code") return user;
    const { name } = await this.#options.whoami(proof.accessToken);
    if (name === user.name) return user;
    throw new ApiError("UNAUTHORIZED", "The access token and the id token are of different users.");
  }

  /** Its token, shown this once. Throws 503. */
  async begin(
    { sub, name }: SignedInUser,
    memberId: string | null,
  ): Promise<{ token: string; session: Session }> {
    const token = newSessionToken();
    const session = { sub, user: name, memberId, expiresAt: this.#options.now() + SESSION_MS };
    await this.#options.store.put(sessionId(token) ?? "", session);
    return { token, session };
  }

  /** `null` for a token that is unknown, over or malformed. Throws 503. */
  async find(token: string): Promise<Session | null> {
    const id = sessionId(token);
    return id === null ? null : this.#options.store.get(id);
  }

  /** The answer to `find` costs no question to the Hub. */
  isKnown(token: string): boolean {
    const id = sessionId(token);
    return id === null || this.#options.store.knows(id);
  }

  /** Throws 503. */
  async end(token: string): Promise<void> {
    const id = sessionId(token);
    if (id !== null) await this.#options.store.delete(id);
  }
}
