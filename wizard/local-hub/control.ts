/** Routes that act on the hub as a whole. They stay outside the gate that they close. */
import type { HubRouter } from "./router.ts";

export interface HubControl {
  reset(): Promise<void>;
}

const RESET = "/_emulator/reset";
export const CONTROL_PATHS: ReadonlySet<string> = new Set([RESET]);

export function controlRoutes(router: HubRouter, control: HubControl): void {
  router.add(
    { method: "POST", path: RESET, about: "Back to the seeded state, as on an empty folder" },
    async (c) => {
      await control.reset();
      return c.json({ status: "ok" });
    },
  );
}
