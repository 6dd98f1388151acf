/** What hardware costs, as the Hub says; its list changes rarely and a day's budget needs no more. */
import type { Hub } from "../../../hub/types.ts";
import { HARDWARE_PRICE_PER_HOUR } from "../../../schema/hardware.ts";
import { errorFields, type Log } from "../log.ts";

const KEPT_MS = 3_600_000;

export class Prices {
  readonly #hub: Pick<Hub, "jobFlavors">;
  readonly #now: () => number;
  readonly #log: Log;
  #known: { until: number; perHour: Map<string, number> } | undefined;

  constructor(hub: Pick<Hub, "jobFlavors">, now: () => number, log: Log) {
    this.#hub = hub;
    this.#now = now;
    this.#log = log;
  }

  /** US dollars. Falls back to the prices that this version was made with: a budget needs some number. */
  async perHour(hardware: string): Promise<number> {
    if (this.#known === undefined || this.#known.until <= this.#now()) {
      const perHour = new Map<string, number>(Object.entries(HARDWARE_PRICE_PER_HOUR));
      try {
        for (const { name, dollarsPerHour } of await this.#hub.jobFlavors()) {
          // The Hub gives a rounded price of a minute: tenths of a cent are as exact as it is.
          perHour.set(name, Math.round(dollarsPerHour * 1000) / 1000);
        }
      } catch (error) {
        this.#log("warn", "prices of hardware could not be read; using those known", {
          error: errorFields(error),
        });
      }
      this.#known = { until: this.#now() + KEPT_MS, perHour };
    }
    const price = this.#known.perHour.get(hardware);
    if (price === undefined) throw new Error(`no price is known for ${hardware}`);
    return price;
  }
}
