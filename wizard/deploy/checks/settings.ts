/** What `collab.yaml` asks for and only the Hub, or only a person, can give. */
import { hardwarePrices } from "../../questions/hardware-prices.ts";
import { isLocalEndpoint } from "../target.ts";
import { type CheckContext, type CheckResult, fail, ok, skip, warn } from "./check.ts";

export async function checkHardware({ loaded, target }: CheckContext): Promise<CheckResult> {
  const name = "hardware";
  const { jobs } = loaded.collab;
  if (!jobs.enabled) return skip(name, "Jobs are off");
  const { perHour, live } = await hardwarePrices(target.endpoint);
  if (!live) return skip(name, "the Hub's list of hardware could not be read");
  const price = new Map(Object.entries(perHour)).get(jobs.hardware);
  if (price === undefined) {
    const known = Object.keys(perHour).join(", ");
    return fail(name, `The Hub has no hardware ${jobs.hardware}`, `Set jobs.hardware to one of: ${known}.`);
  }
  return ok(name, `${jobs.hardware} costs $${price} an hour`);
}

export function checkInvite({ loaded, target }: CheckContext): CheckResult {
  const { access, collab } = loaded.collab;
  if (isLocalEndpoint(target.endpoint)) return skip("invite", "a local hub has members already");
  if (access.invite_url) return ok("invite", "participants have a link to join the organisation");
  return warn(
    "invite",
    "Participants are not told how to join the organisation",
    `Make a link with the default role contributor at ${target.endpoint}/organizations/${collab.org}/settings/members and set access.invite_url.`,
  );
}
