/** The hub's time: that of the machine, or of the caller of `startLocalHub`, moved and stopped by tests. */
import { z } from "zod";
import { badRequest } from "./errors.ts";
import type { HubRouter } from "./router.ts";

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Moves on by `ms` (backwards when negative). */
  advance(ms: number): void;
  set(time: number): void;
  freeze(): void;
  /** Runs on from where it stands. */
  resume(): void;
  readonly frozen: boolean;
}

export function createClock(base: () => number): Clock {
  let offset = 0;
  let frozenAt: number | null = null;
  const now = () => frozenAt ?? Math.floor(base()) + offset;
  return {
    now,
    advance(ms) {
      if (frozenAt === null) offset += ms;
      else frozenAt += ms;
    },
    set(time) {
      this.advance(time - now());
    },
    freeze() {
      frozenAt ??= now();
    },
    resume() {
      if (frozenAt === null) return;
      offset = frozenAt - Math.floor(base());
      frozenAt = null;
    },
    get frozen() {
      return frozenAt !== null;
    },
  };
}

const change = z.strictObject({
  set: z.iso.datetime().optional(),
  advanceMs: z.number().int().optional(),
  frozen: z.boolean().optional(),
});

export function clockRoutes(router: HubRouter, clock: Clock): void {
  const describe = () => ({ time: new Date(clock.now()).toISOString(), frozen: clock.frozen });
  router.add({ method: "GET", path: "/_emulator/clock", about: "The hub's time" }, (c) => c.json(describe()));
  router.add(
    {
      method: "POST",
      path: "/_emulator/clock",
      about: "Sets, advances, freezes or resumes the hub's time; timers of processes run on real time",
    },
    async (c) => {
      const body = change.safeParse(await c.req.json().catch(() => undefined));
      if (!body.success)
        throw badRequest('Body must be {"set"?: ISO time, "advanceMs"?: int, "frozen"?: bool}');
      const { set, advanceMs, frozen } = body.data;
      if (frozen === true) clock.freeze();
      if (frozen === false) clock.resume();
      if (set !== undefined) clock.set(Date.parse(set));
      if (advanceMs !== undefined) clock.advance(advanceMs);
      return c.json(describe());
    },
  );
}
