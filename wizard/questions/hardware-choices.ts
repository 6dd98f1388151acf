/** Hardware as choices: what it is, what it costs, and what a day of it may cost. */
import type { JobHardware } from "../../template/schema/hardware.ts";
import { dollars } from "./costs.ts";
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
  l4x4: "4 × L4 24 GB",
  l40sx1: "L40S 48 GB",
  "a10g-small": "A10G 24 GB",
  "a10g-large": "A10G 24 GB",
  "a10g-largex2": "2 × A10G 24 GB",
  "a10g-largex4": "4 × A10G 24 GB",
  "a100-large": "A100 80 GB",
  a100x4: "4 × A100 80 GB",
  a100x8: "8 × A100 80 GB",
  h200: "H200 141 GB",
  h200x2: "2 × H200 141 GB",
  h200x4: "4 × H200 141 GB",
  h200x8: "8 × H200 141 GB",
  "rtx-pro-6000": "RTX PRO 6000 96 GB",
};
const MACHINE_WIDTH = Math.max(...Object.values(MACHINES).map((text) => text.length));

/** Per participant: runs a day times the longest run, as `create` sets them if nobody says otherwise. */
export const USUAL_DAY_HOURS = (30 * 40) / 60;

/** Each with its price and the worst bill of one participant's day. */
export function hardwareChoices({ perHour }: Prices): Choice[] {
  return [
    NO_HARDWARE,
    ...Object.entries(perHour).map(([value, price]) => {
      const machine = MACHINES[value as JobHardware].padEnd(MACHINE_WIDTH);
      const hourly = `$${price.toFixed(2)} an hour`.padStart(14);
      return {
        value,
        label: value,
        hint: `${machine}  ${hourly}, ≤ ${dollars(Math.ceil(price * USUAL_DAY_HOURS))} a day`,
      };
    }),
  ];
}
