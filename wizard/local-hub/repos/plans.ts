/** What needs a paid plan on the Hub (hub-wire.md 5.6). */
import { openAccountStore } from "../accounts/store.ts";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";

const PAID_SDKS = new Set(["docker", "gradio", "streamlit"]);

/** Throws 402 where a user without PRO or an organisation without a plan asks for a Space that needs one. */
export function requirePlan(hub: HubContext, namespace: string, sdk: string): void {
  if (!PAID_SDKS.has(sdk)) return;
  const accounts = openAccountStore(hub.db);
  const org = accounts.findOrg(namespace);
  const user = accounts.findUser(namespace);
  if (org === null ? user === null || user.isPro : org.plan !== null) return;
  throw new HubHttpError(
    402,
    `Creating a ${sdk} Space in ${namespace} needs a paid plan (PRO for a user, Team or Enterprise for an organization). Static Spaces are free.`,
  );
}
