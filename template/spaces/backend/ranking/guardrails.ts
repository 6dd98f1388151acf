/**
 * Guardrails and gates compared, exactly: both limits are inclusive, and the double that was measured is
 * compared with the double of collab.yaml, nothing rounded. Pure.
 */
import type { Guardrail } from "../../../schema/collab.ts";
import type { RunGate } from "../documents/run.ts";
import { requirement, type VerdictCheck } from "../documents/verdict.ts";

export type FieldValues = Readonly<Record<string, unknown>>;

export const GUARDRAIL_BROKEN = "guardrail_broken";
const GATE_FAILED = "gate_failed";

/** The finite number in a field; text, booleans and what is not there are none. */
export function numberIn(values: FieldValues, field: string): number | undefined {
  const value = Object.hasOwn(values, field) ? values[field] : undefined;
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** One check for each limit whose field is known. `as`: whether the numbers are claims or measurements. */
export function limitChecks(
  guardrails: readonly Pick<Guardrail, "field" | "min" | "max">[],
  values: FieldValues,
  as: "claimed" | "measured" = "measured",
): VerdictCheck[] {
  return guardrails.flatMap(({ field, min, max }) => {
    const value = numberIn(values, field);
    if (value === undefined) return [];
    const numbers = { field, claimed: null, measured: null, [as]: value };
    return [
      ...(min === undefined
        ? []
        : [{ ...numbers, limit: min, comparison: ">= (limit included)", ok: value >= min }]),
      ...(max === undefined
        ? []
        : [{ ...numbers, limit: max, comparison: "<= (limit included)", ok: value <= max }]),
    ];
  });
}

/** `false` if any known value is outside its limits; `null` if none is and at least one is not known. */
export function guardrailsOk(guardrails: readonly Guardrail[], values: FieldValues): boolean | null {
  if (limitChecks(guardrails, values).some(({ ok }) => !ok)) return false;
  const unknown = guardrails.some(({ field }) => numberIn(values, field) === undefined);
  return unknown || guardrails.length === 0 ? null : true;
}

/** Why a result cannot be valid, from its own numbers. */
export interface Breach {
  reason_code: string;
  /** With both numbers and how they are compared. */
  reason: string;
  checks: VerdictCheck[];
}

/** `null` when every known limit and every gate holds. The first that breaks gives the reason; all are listed. */
export function breachOf(
  guardrails: readonly Pick<Guardrail, "field" | "min" | "max">[],
  values: FieldValues,
  gates: readonly RunGate[],
  as: "claimed" | "measured" = "measured",
): Breach | null {
  const checks = limitChecks(guardrails, values, as);
  const broken = checks.filter(({ ok }) => !ok);
  const failed = gates.filter(({ ok }) => !ok);
  if (broken.length === 0 && failed.length === 0) return null;
  const reasons = [...broken.map(limitReason), ...failed.map(gateReason)];
  return {
    reason_code: broken.length > 0 ? GUARDRAIL_BROKEN : (failed[0]?.reason_code ?? GATE_FAILED),
    reason: reasons.join("; "),
    checks: [...checks, ...gates.map(gateCheck)],
  };
}

function limitReason(check: VerdictCheck): string {
  return `${check.field} is ${check.measured ?? check.claimed}, which is not ${requirement(check)}`;
}

function gateReason({ name, value, comparison, limit }: RunGate): string {
  const numbers = value === null ? "" : `: ${value}, which is not ${comparison} ${limit}`;
  return `the gate ${name} failed${numbers}`;
}

export function gateCheck({ name, value, limit, comparison, ok }: RunGate): VerdictCheck {
  const number = (word: RunGate["value"]) => (typeof word === "number" ? word : null);
  const words = typeof limit === "number" || limit === null ? comparison : `${comparison} ${limit}`;
  return { field: name, claimed: null, measured: number(value), limit: number(limit), comparison: words, ok };
}
