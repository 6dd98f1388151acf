/**
 * Job hardware of the Hub with the price per hour in US dollars, as documented in August 2026.
 * Prices change: a plan or a budget reads them from `GET /api/jobs/hardware` and falls back to this list.
 */
export const HARDWARE_PRICE_PER_HOUR = {
  "cpu-basic": 0.01,
  "cpu-upgrade": 0.03,
  "cpu-xl": 1.0,
  "cpu-performance": 1.9,
  "t4-small": 0.4,
  "t4-medium": 0.6,
  l4x1: 0.8,
  l4x4: 3.8,
  l40sx1: 1.8,
  "a10g-small": 1.0,
  "a10g-large": 1.5,
  "a10g-largex2": 3.0,
  "a10g-largex4": 5.0,
  "a100-large": 2.5,
  a100x4: 10,
  a100x8: 20,
  h200: 5,
  h200x2: 10,
  h200x4: 20,
  h200x8: 40,
  "rtx-pro-6000": 2.75,
} as const;

export type JobHardware = keyof typeof HARDWARE_PRICE_PER_HOUR;
export const JOB_HARDWARE = Object.keys(HARDWARE_PRICE_PER_HOUR) as [JobHardware, ...JobHardware[]];
