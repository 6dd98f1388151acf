/** What every CAS request must show first: the right store, a token, a hash. */
import type { HubContext } from "../context.ts";
import { badRequest, HubHttpError } from "../errors.ts";
import type { HubRequest } from "../router.ts";
import { isHashText } from "./hashes.ts";
import { xetOf } from "./store.ts";
import { requireXetToken, type XetGrant } from "./tokens.ts";

/** Where the CAS endpoints are: `casUrl` of the Xet tokens. */
export const CAS_BASE = "/xet/:instance";

/** A client of a hub that was wiped since asks for things that are gone: 401 makes it fetch a new token. */
export function requireInstance(c: HubRequest, hub: HubContext): void {
  if (c.req.param("instance") !== hub.instanceId) {
    throw new HubHttpError(401, "This Xet storage does not exist any more: ask the Hub for a new token");
  }
}

/** What the bearer of the request's Xet token may do. Throws 401 or 403. */
export function requireGrant(c: HubRequest, hub: HubContext, scope: XetGrant["scope"]): XetGrant {
  requireInstance(c, hub);
  const grant = requireXetToken(xetOf(hub).signer, c.req.header("Authorization"), scope, hub.now());
  c.set("user", grant.user);
  return grant;
}

export function requireHash(c: HubRequest): string {
  const hash = c.req.param("hash");
  if (!isHashText(hash)) throw badRequest("The hash in the URL is not 64 lowercase hex characters");
  return hash;
}
