/**
 * Xet tokens: short-lived, bound to one user, one bucket or repository, and a scope. They carry their own
 * content and are signed, so the hub keeps no list of them.
 */
import { HubHttpError } from "../errors.ts";
import type { Signer } from "./signer.ts";

export const XET_TOKEN_SECONDS = 3600;

export interface XetGrant {
  /** `bucket:` or `space:` and its opaque id, so that a new bucket of the same name is another one. */
  target: string;
  /** `null`: anonymous reader of something public. */
  user: string | null;
  /** Write includes read. */
  scope: "read" | "write";
}

export interface XetToken {
  accessToken: string;
  /** Unix seconds. */
  exp: number;
}

export function issueXetToken(signer: Signer, grant: XetGrant, nowMs: number): XetToken {
  const exp = Math.floor(nowMs / 1000) + XET_TOKEN_SECONDS;
  const payload = Buffer.from(JSON.stringify({ ...grant, exp })).toString("base64url");
  return { accessToken: `xet.${payload}.${signer.sign(`token ${payload}`)}`, exp };
}

/** What the bearer may do. Throws 401 for a missing, forged or expired token, 403 for too small a scope. */
export function requireXetToken(
  signer: Signer,
  authorization: string | undefined,
  scope: XetGrant["scope"],
  nowMs: number,
): XetGrant {
  const [, payload = "", signature = ""] =
    /^Bearer xet\.([\w-]+)\.([\w-]+)$/i.exec(authorization ?? "") ?? [];
  if (payload === "" || !signer.isValid(`token ${payload}`, signature)) {
    throw new HubHttpError(401, "A Xet token is needed: ask the Hub for one");
  }
  const grant = JSON.parse(Buffer.from(payload, "base64url").toString()) as XetGrant & { exp: number };
  if (grant.exp * 1000 <= nowMs) throw new HubHttpError(401, "The Xet token has expired");
  if (scope === "write" && grant.scope !== "write") {
    throw new HubHttpError(403, "This Xet token allows reading only");
  }
  return grant;
}
