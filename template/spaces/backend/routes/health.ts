/** `GET /v1/healthz`: alive; `GET /v1/readyz`: taking requests, or what is missing. */
import { z } from "@hono/zod-openapi";
import { defineRoute } from "./define.ts";

export const healthz = defineRoute({
  method: "GET",
  path: "/v1/healthz",
  params: "",
  purpose: "Alive; touches nothing.",
  auth: "none",
  status: 200,
  response: z.object({ status: z.literal("ok"), version: z.string().optional() }),
  beforeReady: true,
  alwaysPublic: true,
  handler({ backend }) {
    const version = backend.config.deployment?.version;
    return { json: { status: "ok", ...(version === undefined ? {} : { version }) } };
  },
});

const RETRY_AFTER_SECONDS = 2;

export const readyz = defineRoute({
  method: "GET",
  path: "/v1/readyz",
  params: "",
  purpose: "Ready to read and write; 503 names what is missing.",
  auth: "none",
  status: 200,
  response: z.object({ status: z.enum(["ready", "starting", "stopping"]), missing: z.array(z.string()) }),
  beforeReady: true,
  alwaysPublic: true,
  handler({ backend: { readiness } }) {
    const { status, missing } = readiness;
    if (status === "ready") return { json: { status, missing } };
    return {
      status: 503,
      headers: { "retry-after": String(RETRY_AFTER_SECONDS) },
      json: { status, missing },
    };
  },
});
