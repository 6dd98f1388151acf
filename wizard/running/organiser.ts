/** Who may act for the organisers. */
import { z } from "zod";
import { UserError } from "../terminal/errors.ts";
import type { RunningCollab } from "./find.ts";

const Me = z.object({ handle: z.string(), hf_user: z.string(), is_organizer: z.boolean() });

/** The backend decides who is an organiser, so that a verdict and its announcement come from the same person. */
export async function requireOrganiser({ api, names }: RunningCollab): Promise<z.infer<typeof Me>> {
  const me = await api.get("/v1/me", Me);
  if (me.is_organizer) return me;
  throw new UserError({
    code: "not_organiser",
    message: `${me.hf_user} is not an organiser of this collab.`,
    fix: `Organisers are the admins of ${names.org}: use the token of one, or ask an admin for the role.`,
  });
}
