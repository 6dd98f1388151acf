/** Hardware as choices: what it is, what it costs, and what a day of it may cost. */
import type { JobHardware } from "../../template/schema/hardware.ts";
import { dollars, worstCosts } from "./costs.ts";
import type { Prices } from "./hardware-prices.ts";
import type { Choice } from "./question.ts";

const NO_HARDWARE: Choice = {
  value: "none",
  label: "none",
  hint: "no cost: participants use their own machines",
};

/** What each machine is, as the Hub's documentation said in August 2026. */
const MACHINES: Record<JobHardware, string> = {
  "cpu-basic": "2 CPUs, 16 GB",
  "cpu-upgrade": "8 CPUs, 32 GB",
  "cpu-xl": "16 CPUs, 124 GB",
  "cpu-performance": "32 CPUs, 256 GB",
  "t4-small": "T4 16 GB",
  "t4-medium": "T4 16 GB",
  l4x1: "L4 24 GB",
  l4x4: "4x L4 24 GB",
  l40sx1: "L40S 48 GB",
  "a10g-small": "A10G 24 GB",
  "a10g-large": "A10G 24 GB",
  "a10g-largex2": "2x A10G 24 GB",
  "a10g-largex4": "4x A10G 24 GB",
  "a100-large": "A100 80 GB",
  a100x4: "4x A100 80 GB",
  a100x8: "8x A100 80 GB",
  h200: "H200 141 GB",
  h200x2: "2x H200 141 GB",
  h200x4: "4x H200 141 GB",
  h200x8: "8x H200 141 GB",
  "rtx-pro-6000": "RTX PRO 6000 96 GB",
};
const MACHINE_WIDTH = Math.max(...Object.values(MACHINES).map((text) => text.length));

/** What `create` sets if nobody says otherwise; the price of an hour then gives one participant's worst day. */
const USUAL_LIMITS = { job_timeout: "40", jobs_per_agent: "10", jobs_per_user: "30" };

/** Each with its price and the worst bill of one participant's day. */
export function hardwareChoices({ perHour }: Prices): Choice[] {
  return [
    NO_HARDWARE,
    ...Object.entries(perHour).map(([value, price]) => {
      const machine = MACHINES[value as JobHardware].padEnd(MACHINE_WIDTH);
      const costs = worstCosts({ ...USUAL_LIMITS, hardware: value }, perHour);
      const day = dollars(Math.ceil(costs?.participantDay ?? 0));
      const hourly = `$${price.toFixed(2)}/h`.padStart(8);
      return {
        value,
        label: value,
        hint: `${machine}  ${hourly}, up to ${day}/day`,
      };
    }),
  ];
}
