/** Id tokens: who signed in, said by the Hub, to one of our own apps, for this very sign-in. */
import { createPublicKey, type JsonWebKey, verify } from "node:crypto";
import { z } from "zod";
import { ApiError } from "../../errors.ts";

export interface IdTokenRules {
  issuer: string;
  /** Apps whose sign-ins count. A token for any other app could be replayed here by its owner. */
  clientIds: readonly string[];
  /** As the page sent it to the Hub. */
  nonce: string;
  /** Milliseconds. */
  now: number;
  key(id: string): Promise<JsonWebKey | undefined>;
}

export interface SignedInUser {
  /** Stays the same when the user is renamed. */
  sub: string;
  name: string;
}

const Header = z.looseObject({ alg: z.literal("RS256"), kid: z.string().default("") });
const Claims = z.looseObject({
  iss: z.string(),
  sub: z.string().min(1),
  aud: z.union([z.string(), z.array(z.string()).length(1)]),
  exp: z.number(),
  nonce: z.string(),
  preferred_username: z.string().min(1),
});

const MAX_LENGTH = 32_768;
const CLOCK_SKEW_MS = 60_000;

/** Throws 401 UNAUTHORIZED with what is wrong, or 503 where the Hub's keys cannot be had. */
export async function verifyIdToken(token: string, rules: IdTokenRules): Promise<SignedInUser> {
  const [head = "", payload = "", signature = "", ...more] = token.split(".");
  if (token.length > MAX_LENGTH || more.length > 0) throw refused("is no signed token");
  const header = Header.safeParse(decode(head));
  if (!header.success) throw refused("is not signed with RS256");
  const jwk = await rules.key(header.data.kid);
  if (!jwk) throw refused("is signed with a key that the Hub does not have");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const signed = Buffer.from(`${head}.${payload}`);
  if (!verify("sha256", signed, key, Buffer.from(signature, "base64url"))) {
    throw refused("has a signature that is not the Hub's");
  }
  const claims = Claims.safeParse(decode(payload));
  if (!claims.success) throw refused("lacks claims: ask for the scopes openid and profile, with a nonce");
  const { iss, sub, aud, exp, nonce, preferred_username: name } = claims.data;
  if (iss !== rules.issuer) throw refused("was issued by somebody else");
  if (!rules.clientIds.includes([aud].flat()[0] ?? "")) throw refused("is for another app");
  if (exp * 1000 + CLOCK_SKEW_MS <= rules.now) throw refused("has expired");
  if (nonce !== rules.nonce) throw refused("belongs to another sign-in");
  return { sub, name };
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}

function refused(what: string): ApiError {
  return new ApiError("UNAUTHORIZED", `The id token ${what}.`, { hint: "Sign in again." });
}
