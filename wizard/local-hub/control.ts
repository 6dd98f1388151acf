/** Routes that act on the hub as a whole. They stay outside the gate that they close. */
import { z } from "zod";
import { badRequest } from "./errors.ts";
import type { HubRouter } from "./router.ts";
import type { SnapshotInfo } from "./snapshots.ts";

export interface HubControl {
  reset(): Promise<void>;
  snapshot(name: string): Promise<void>;
  restore(name: string): Promise<void>;
  snapshots(): Promise<SnapshotInfo[]>;
}

const RESET = "/_emulator/reset";
const SNAPSHOTS = "/_emulator/snapshots";

export function isControlPath(path: string): boolean {
  return path === RESET || path === SNAPSHOTS || path.startsWith(`${SNAPSHOTS}/`);
}

export function controlRoutes(router: HubRouter, control: HubControl): void {
  router.add(
    { method: "POST", path: RESET, about: "Back to the seeded state, as on an empty folder" },
    async (c) => {
      await control.reset();
      return c.json({ status: "ok" });
    },
  );
  router.add({ method: "GET", path: SNAPSHOTS, about: "Snapshots that were taken" }, async (c) =>
    c.json({ snapshots: await control.snapshots() }),
  );
  router.add({ method: "POST", path: SNAPSHOTS, about: "Takes a snapshot of everything" }, async (c) => {
    const body = z.strictObject({ name: z.string() }).safeParse(await c.req.json().catch(() => undefined));
    if (!body.success) throw badRequest('Body must be {"name": text}');
    await control.snapshot(body.data.name);
    return c.json({ name: body.data.name }, 201);
  });
  router.add(
    { method: "POST", path: `${SNAPSHOTS}/:name/restore`, about: "Back to a snapshot" },
    async (c) => {
      await control.restore(c.req.param("name"));
      return c.json({ name: c.req.param("name") });
    },
  );
}
