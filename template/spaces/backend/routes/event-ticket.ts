/** `POST /v1/events/ticket`: opens an event stream where no header can be sent. */
import { z } from "@hono/zod-openapi";
import { requireMemberToRead } from "../access-gate.ts";
import { defineRoute } from "./define.ts";

export const issueTicket = defineRoute({
  method: "POST",
  path: "/v1/events/ticket",
  params: "(bearer)",
  purpose: "A ticket for GET /v1/events?ticket= of a private collab: good once, for half a minute.",
  auth: "bearer",
  status: 201,
  response: z.object({ ticket: z.string(), expires_at: z.iso.datetime() }),
  async handler({ backend, requester }) {
    await requireMemberToRead(backend.access, requester, backend.names.org);
    const { ticket, expiresAt } = backend.tickets.issue();
    return { json: { ticket, expires_at: new Date(expiresAt).toISOString() } };
  },
});
