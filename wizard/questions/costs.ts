/** What the Jobs of a collab can cost in a day, at worst: every Job runs until its time limit. */
import { HARDWARE_PRICE_PER_HOUR, type JobHardware } from "../../template/schema/hardware.ts";
import { type Answers, answer } from "./question.ts";

/** The cheap lane as the schema has it by default: `create` asks nothing about it. */
export const SMOKE_LANE = { timeoutMinutes: 15, perAgentPerDay: 20 };

/** US dollars by hardware. */
export type HourlyPrices = Partial<Record<JobHardware, number>>;

/** US dollars. */
export interface WorstCosts {
  pricePerHour: number;
  oneJob: number;
  /** All that one participant and their agents may start in a day, in both lanes. */
  participantDay: number;
  /** Re-runs by the verifier in a day; 0 unless results are verified by Jobs. */
  verificationDay: number;
}

/** `undefined` if the answers ask for no Jobs, or for hardware whose price is not known. */
export function worstCosts(
  answers: Answers,
  prices: HourlyPrices = HARDWARE_PRICE_PER_HOUR,
): WorstCosts | undefined {
  const pricePerHour = prices[answer(answers, "hardware") as JobHardware];
  if (pricePerHour === undefined) return undefined;
  const oneJob = (pricePerHour * number(answers, "job_timeout")) / 60;
  const perUser = number(answers, "jobs_per_user");
  // As many agents as one participant may use to the full have as much of the cheap lane, too.
  const agents = Math.max(1, perUser / (number(answers, "jobs_per_agent") || 1));
  const oneSmoke = (pricePerHour * SMOKE_LANE.timeoutMinutes) / 60;
  return {
    pricePerHour,
    oneJob,
    participantDay: oneJob * perUser + oneSmoke * Math.ceil(SMOKE_LANE.perAgentPerDay * agents),
    verificationDay: oneJob * number(answers, "verification_runs"),
  };
}

/** `$0.07`, `$2.50`, `$50`: cents where they matter, rounded up, since it is a bill at worst. */
export function dollars(amount: number): string {
  // Without the small part taken off, 1.1 * 3 = 3.3000000000000003 would become 3.31.
  const cents = Math.ceil(amount * 100 - 1e-6);
  return cents % 100 === 0 ? `$${cents / 100}` : `$${(cents / 100).toFixed(2)}`;
}

/** An answer as a number; 0 where it was not asked or is none. */
function number(answers: Answers, id: string): number {
  return Number(answer(answers, id)) || 0;
}
