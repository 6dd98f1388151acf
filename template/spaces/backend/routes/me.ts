/** `GET /v1/me`: who a token belongs to, as this collab sees them (api-v1.md 3.3). */
import { z } from "@hono/zod-openapi";
import type { Identity } from "../access/identity.ts";
import type { Backend } from "../backend.ts";
import { humanHandle } from "../documents/naming.ts";
import { ApiError } from "../errors.ts";
import { defineRoute } from "./define.ts";

export const getMe = defineRoute({
  method: "GET",
  path: "/v1/me",
  params: "(bearer: HF token)",
  purpose: "Whose token this is: handle, membership, organiser or not.",
  auth: "bearer",
  status: 200,
  response: z.object({
    hf_user: z.string(),
    handle: z.string(),
    is_member: z.boolean(),
    is_organizer: z.boolean(),
  }),
  alwaysPublic: true,
  async handler({ backend, requester }) {
    const { access } = backend;
    const me = await access.human(requester);
    const isMember = access.isMember(me);
    const isOrganizer = isMember && (await isOrganizerNow(backend, me));
    return {
      json: {
        hf_user: me.name,
        handle: humanHandle(me.name),
        is_member: isMember,
        is_organizer: isOrganizer,
      },
    };
  },
});

/** To show it: what an organiser does is checked again when it is done. */
export function isOrganizerNow({ access }: Backend, identity: Identity): Promise<boolean> {
  return access.organisers.isOrganiser(identity).catch(falseIfUnknown);
}

/** A role that cannot be found out is none; privileged requests fail on their own check. */
function falseIfUnknown(error: unknown): false {
  if (error instanceof ApiError && error.code === "ORGANIZER_CHECK_UNAVAILABLE") return false;
  throw error;
}
