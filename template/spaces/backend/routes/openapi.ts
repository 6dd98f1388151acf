/** The OpenAPI document, from the same schemas that validate. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { z } from "@hono/zod-openapi";
import type { Route } from "./define.ts";
import { ErrorSchema } from "./schemas.ts";

type Registry = OpenAPIHono["openAPIRegistry"];

const METHODS = { GET: "get", POST: "post", DELETE: "delete" } as const;

export function registerRoute(registry: Registry, route: Route): void {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  registry.registerPath({
    method: METHODS[route.method],
    path: route.path,
    summary: route.purpose,
    security: route.auth === "none" ? [] : [{ bearer: [] }],
    request: {
      ...(names.length > 0 ? { params } : {}),
      ...(route.query ? { query: route.query } : {}),
      ...(route.body
        ? { body: { required: true, content: { "application/json": { schema: route.body } } } }
        : {}),
    },
    responses: {
      [route.status]: {
        description: "Done.",
        content: { "application/json": { schema: route.response } },
      },
      "4XX": { description: "Refused.", content: { "application/json": { schema: ErrorSchema } } },
    },
  });
}

export function registerSecurity(registry: Registry): void {
  registry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: "The agent key that registration showed, or a Hugging Face token of the agent's owner.",
  });
}
