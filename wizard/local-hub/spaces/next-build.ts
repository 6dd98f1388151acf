/** Trouble on purpose: how the next build of a Space goes, so that deploy tools can be tried against it. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { HubContext } from "../context.ts";
import { badRequest } from "../errors.ts";
import { jsonObject } from "../repos/body.ts";
import type { HubRouter } from "../router.ts";
import { SpaceFault } from "./space-plan.ts";

const NextBuild = z.strictObject({
  /** How long the Space stays in BUILDING. */
  delayMs: z.int().min(0).max(3_600_000).default(0),
  /** Stage in which the build ends; it goes on as usual without one. */
  stage: z.enum(["BUILD_ERROR", "CONFIG_ERROR", "NO_APP_FILE", "RUNTIME_ERROR"]).optional(),
  message: z.string().default("This build fails because somebody asked for it"),
});
type NextBuild = z.infer<typeof NextBuild>;

const planned = new WeakMap<HubContext, Map<string, NextBuild>>();

const plansOf = (hub: HubContext): Map<string, NextBuild> => {
  const plans = planned.get(hub) ?? new Map<string, NextBuild>();
  planned.set(hub, plans);
  return plans;
};

/** Does what was asked for the next build of Space `id`, once. Throws `SpaceFault` where it is to fail. */
export async function passNextBuild(hub: HubContext, id: string, signal: AbortSignal): Promise<void> {
  const plan = plansOf(hub).get(id);
  if (plan === undefined) return;
  plansOf(hub).delete(id);
  await sleep(plan.delayMs, undefined, { signal }).catch(() => {});
  if (plan.stage !== undefined) throw new SpaceFault(plan.stage, plan.message);
}

export function nextBuildRoutes(router: HubRouter, hub: HubContext): void {
  router.add(
    {
      method: "POST",
      path: "/_emulator/spaces/:ns/:name/next-build",
      about: "Makes the next build of a Space slow (delayMs) or fail (stage, message), once",
    },
    async (c) => {
      const body = NextBuild.safeParse(await jsonObject(c));
      if (!body.success) throw badRequest(`No valid build. ${z.prettifyError(body.error)}`);
      plansOf(hub).set(`${c.req.param("ns")}/${c.req.param("name")}`, body.data);
      return c.json(body.data);
    },
  );
}
