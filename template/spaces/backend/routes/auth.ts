/** `/v1/auth`: how humans sign in through a page of the collab, and their sessions (dashboard.md 4.4, 4.5). */
import { z } from "@hono/zod-openapi";
import type { Identity } from "../access/identity.ts";
import type { Session } from "../access/sign-in/session-store.ts";
import { SESSION_MS, type SignInProof } from "../access/sign-in/sessions.ts";
import type { Backend } from "../backend.ts";
import { humanHandle } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { defineRoute, type RequestContext } from "./define.ts";
import { isTrustedOrigin } from "./headers.ts";
import { isOrganizerNow } from "./me.ts";
import { requireJson } from "./parse.ts";
import { ruleError } from "./validation.ts";

const ROUTE = "/v1/auth/session";
/** No scope that could write to the Hub or read an e-mail address: who it is, is all we ask. */
const SCOPE = "openid profile";

const SessionSchema = z.object({
  user: z.string(),
  handle: z.string(),
  roles: z.array(z.enum(["member", "organizer"])),
  expires_at: z.iso.datetime(),
});

export const getAuth = defineRoute({
  method: "GET",
  path: "/v1/auth",
  params: "",
  purpose: "How humans sign in: where, with which client id and scopes.",
  auth: "none",
  status: 200,
  response: z.object({
    issuer: z.string(),
    authorization_endpoint: z.string(),
    client_id: z.string().nullable().openapi({ description: "null: nobody can sign in yet." }),
    scope: z.string(),
    code_challenge_method: z.literal("S256"),
    session: z.string(),
    session_seconds: z.number().int(),
  }),
  alwaysPublic: true,
  async handler({ backend }) {
    const { issuer, authorization_endpoint } = await backend.access.provider.endpoints();
    return {
      json: {
        issuer,
        authorization_endpoint,
        client_id: backend.clientIds()[0] ?? null,
        scope: SCOPE,
        code_challenge_method: "S256",
        session: ROUTE,
        session_seconds: SESSION_MS / 1000,
      },
    };
  },
});

const text = (description: string) => z.string().min(1).max(32_768).optional().openapi({ description });

const SessionBody = z
  .object({
    code: text("With `code_verifier` and `redirect_uri`: what the Hub sent back."),
    code_verifier: text("PKCE, S256."),
    client_id: text("Only where the collab has several apps."),
    redirect_uri: text("As it was sent to the Hub: a page of the dashboard."),
    access_token: text("Instead of a code, with `id_token`: the page has redeemed it itself."),
    id_token: text("The Hub's, for this sign-in."),
    nonce: z.string().min(1).max(500).openapi({ description: "As it was sent to the Hub." }),
  })
  .openapi("BeginSession");

type BeginRequest = RequestContext<unknown, z.output<typeof SessionBody>>;

export const beginSession = defineRoute({
  method: "POST",
  path: ROUTE,
  params: "code + code_verifier + redirect_uri | access_token + id_token; nonce",
  purpose: "Sign a human in: a sign-in at the Hub becomes a session of this backend.",
  auth: "none",
  body: SessionBody,
  status: 201,
  response: SessionSchema.extend({ session_token: z.string() }),
  alwaysPublic: true,
  async handler(context) {
    const { backend, requester } = context;
    const { access } = backend;
    requireJson(context);
    const proof = proofOf(context);
    if (proof.kind === "code") requireOwnPage(backend, proof.redirectUri);
    access.addresses.signIns.take(requester.ip);
    const user = await access.sessions.verify(proof);
    const { id } = await access.requireMember(user.name);
    const { token, session } = await access.sessions.begin(user, id);
    const json = { session_token: token, ...(await shown(backend, session)) };
    noteInAudit(context, "POST", session.user, 201);
    return { json };
  },
});

export const getSession = defineRoute({
  method: "GET",
  path: ROUTE,
  params: "(bearer: session token)",
  purpose: "Who is signed in, with which roles, until when.",
  auth: "session",
  status: 200,
  response: SessionSchema,
  alwaysPublic: true,
  async handler({ backend, requester }) {
    const { access, names } = backend;
    const session = await access.session(requester);
    if (access.isMember(await access.human(requester))) return { json: await shown(backend, session) };
    throw new ApiError("IDENTITY_MISMATCH", `${session.user} is no longer a member of ${names.org}.`);
  },
});

export const endSession = defineRoute({
  method: "DELETE",
  path: ROUTE,
  params: "(bearer: session token)",
  purpose: "Sign out: the session is over at once.",
  auth: "session",
  status: 200,
  response: z.object({ signed_out: z.literal(true) }),
  alwaysPublic: true,
  async handler(context) {
    const { backend, requester } = context;
    const session = await backend.access.session(requester);
    await backend.access.sessions.end(requester.token ?? "");
    noteInAudit(context, "DELETE", session.user, 200);
    return { json: { signed_out: true } };
  },
});

function proofOf({ body }: BeginRequest): SignInProof {
  const { code, code_verifier, redirect_uri, access_token, id_token, nonce } = body;
  const isCode = code !== undefined && code_verifier !== undefined && redirect_uri !== undefined;
  const isTokens = access_token !== undefined && id_token !== undefined;
  const hasOther = isCode
    ? access_token !== undefined || id_token !== undefined
    : [code, code_verifier, redirect_uri].some((part) => part !== undefined);
  if (hasOther || (!isCode && !isTokens)) {
    throw ruleError(
      "pass `code`, `code_verifier` and `redirect_uri`, or `access_token` and `id_token`",
      // Which fields there were, none of their values.
      Object.fromEntries(Object.keys(body).map((name) => [name, "…"])),
    );
  }
  return isCode
    ? {
        kind: "code",
        code,
        codeVerifier: code_verifier,
        redirectUri: redirect_uri,
        nonce,
        clientId: body.client_id,
      }
    : { kind: "tokens", accessToken: access_token ?? "", idToken: id_token ?? "", nonce };
}

/** Codes that were sent to any other page are not for us to redeem. */
function requireOwnPage(backend: Backend, redirectUri: string): void {
  const origin = URL.parse(redirectUri)?.origin;
  if (origin !== undefined && isTrustedOrigin(backend, origin)) return;
  throw new ApiError("ORIGIN_NOT_ALLOWED", "redirect_uri is no page of this collab.", {
    hint: "It must be on the dashboard's own origin.",
  });
}

async function shown(backend: Backend, { user, expiresAt }: Session) {
  const identity: Identity = { name: user, email: null, orgs: [], by: "session" };
  const isOrganizer = await isOrganizerNow(backend, identity);
  return {
    user,
    handle: humanHandle(user),
    roles: isOrganizer ? ["member", "organizer"] : ["member"],
    expires_at: new Date(expiresAt).toISOString(),
  };
}

function noteInAudit(
  { backend, caller }: RequestContext,
  method: string,
  user: string,
  status: number,
): void {
  backend.record.note({
    agent_id: humanHandle(user),
    route: ROUTE,
    via: "dashboard",
    source: null,
    status_code: status,
    method,
    ...caller,
  });
}
