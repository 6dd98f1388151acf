/** `GET /v1/me`: who a token belongs to, as this collab sees them (api-v1.md 3.3). */
import { z } from "@hono/zod-openapi";
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
  async handler({ backend: { access }, requester }) {
    const me = await access.whoami(requester);
    const isMember = access.isMember(me);
    const isOrganizer = isMember && (await access.organisers.isOrganiser(me).catch(falseIfUnknown));
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

/** A role that cannot be found out is none; privileged requests fail on their own check. */
function falseIfUnknown(error: unknown): false {
  if (error instanceof ApiError && error.code === "ORGANIZER_CHECK_UNAVAILABLE") return false;
  throw error;
}
