/** What Jobs cost, in sentences. Where a price of today is not known, the recorded one counts. */
import { dollars, type HourlyPrices, worstCosts } from "./costs.ts";
import { type Answers, answer } from "./question.ts";

const costsOf = (answers: Answers, prices: HourlyPrices | undefined) =>
  worstCosts(answers, prices) ?? worstCosts(answers);

/** `$1.67` */
export function oneJobInWords(answers: Answers, prices?: HourlyPrices): string {
  const costs = costsOf(answers, prices);
  return costs === undefined ? "an unknown amount" : dollars(costs.oneJob);
}

/** `At worst one participant's Jobs cost $50 a day, those of ten $500, and re-runs $33.34.` */
export function worstDayInWords(answers: Answers, prices?: HourlyPrices): string {
  const costs = costsOf(answers, prices);
  if (costs === undefined) return "No Jobs, no cost.";
  const { participantDay, verificationDay } = costs;
  const verifying = verificationDay > 0 ? `, and re-runs ${dollars(verificationDay)}` : "";
  return `At worst one participant's Jobs cost ${dollars(participantDay)} a day, those of ten ${dollars(10 * participantDay)}${verifying}.`;
}

/** The same, and what limits it. */
export function costInWords(answers: Answers): string {
  const worst = worstDayInWords(answers);
  if (costsOf(answers, undefined) === undefined) return worst;
  const budget = answer(answers, "budget");
  return `${worst} ${budget ? `All Jobs together: at most $${budget} a day.` : "There is no limit for all Jobs together."}`;
}
