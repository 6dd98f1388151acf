/** Answers of `xet-read-token` and `xet-write-token`, the same for buckets and repositories (hub-wire.md 3.6). */
import type { HubContext } from "../context.ts";
import { absoluteUrl } from "../origin.ts";
import type { HubRequest } from "../router.ts";
import { xetOf } from "./store.ts";
import { issueXetToken, type XetGrant } from "./tokens.ts";

/** The base of the CAS endpoints. The instance id makes clients forget what a wiped hub knew (hub-wire.md 4.7). */
export const casUrl = (c: HubRequest, hub: HubContext): string => absoluteUrl(c, `/xet/${hub.instanceId}`);

/** The caller must have been allowed `grant.scope` on the target already. */
export function answerXetToken(c: HubRequest, hub: HubContext, grant: XetGrant): Response {
  const token = issueXetToken(xetOf(hub).signer, grant, hub.now());
  const url = casUrl(c, hub);
  return c.json({ casUrl: url, exp: token.exp, accessToken: token.accessToken }, 200, {
    "X-Xet-Cas-Url": url,
    "X-Xet-Token-Expiration": `${token.exp}`,
    "X-Xet-Access-Token": token.accessToken,
  });
}
