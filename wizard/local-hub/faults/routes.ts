/** Setting, listing and lifting faults. */
import { z } from "zod";
import { badRequest, HubHttpError } from "../errors.ts";
import type { HubRouter } from "../router.ts";
import type { FaultRules } from "./fault-rules.ts";
import { FAULT_KINDS, faultRule } from "./rule.ts";

export function faultRoutes(router: HubRouter, rules: FaultRules): void {
  const path = "/_emulator/faults";
  router.add({ method: "GET", path, about: "Fault rules in force, with how often each applied" }, (c) =>
    c.json({ faults: rules.list(), kinds: FAULT_KINDS }),
  );

  router.add({ method: "POST", path, about: "Adds a fault rule" }, async (c) => {
    const body = faultRule.safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw badRequest(`No valid fault rule. ${z.prettifyError(body.error)}`);
    const id = rules.add(body.data);
    return c.json({ id, ...body.data }, 201);
  });

  router.add({ method: "DELETE", path, about: "Lifts all faults" }, (c) => {
    rules.clear();
    return c.json({ faults: [] });
  });

  router.add({ method: "DELETE", path: `${path}/:id`, about: "Lifts one fault" }, (c) => {
    if (!rules.remove(c.req.param("id"))) throw new HubHttpError(404, `No fault rule ${c.req.param("id")}`);
    return c.json({ faults: rules.list() });
  });
}
