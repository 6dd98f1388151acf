/** What Jobs cost: the Hub's own list where it can be asked, else the list recorded in the schema. */
import { z } from "zod";
import { HARDWARE_PRICE_PER_HOUR, type JobHardware } from "../../template/schema/hardware.ts";

/** As long as a person waits without wondering. */
const PATIENCE_MS = 2_000;

const HardwareList = z.array(
  z.looseObject({
    name: z.string(),
    unitCostUSD: z.number().nonnegative(),
    unitLabel: z.string().optional(),
  }),
);

export interface Prices {
  perHour: Partial<Record<JobHardware, number>>;
  /** Asked just now, or recorded some time ago. */
  live: boolean;
}

/** `GET {endpoint}/api/jobs/hardware`. Never fails: without an answer it gives the recorded list. */
export async function hardwarePrices(endpoint: string, fetchJson: typeof fetch = fetch): Promise<Prices> {
  try {
    const response = await fetchJson(`${endpoint}/api/jobs/hardware`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const perHour: Prices["perHour"] = {};
    for (const { name, unitCostUSD, unitLabel } of HardwareList.parse(await response.json())) {
      if (!(name in HARDWARE_PRICE_PER_HOUR)) continue;
      const price = unitLabel === "hour" ? unitCostUSD : unitCostUSD * 60;
      // A price by the minute is rounded; by the hour it is one of whole cents.
      perHour[name as JobHardware] = Math.round(price * 100) / 100;
    }
    if (Object.keys(perHour).length === 0) throw new Error("an empty list");
    return { perHour, live: true };
  } catch {
    return { perHour: HARDWARE_PRICE_PER_HOUR, live: false };
  }
}
