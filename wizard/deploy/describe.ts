/** A plan as lines for people and as data. */
import type { Deployment } from "./deploy.ts";
import type { Action } from "./plan.ts";

const SIGN: Record<Action, string> = { create: "+", update: "~", unchanged: "=", blocked: "!" };

/** One line a resource, with what changes below it. */
export function planLines({ plan, endpoint }: Pick<Deployment, "plan" | "endpoint">): string[] {
  const width = Math.max(...plan.map(({ purpose }) => purpose.length));
  return [
    `Plan for ${endpoint}:`,
    ...plan.flatMap(({ action, purpose, id, changes }) => [
      `  ${SIGN[action]} ${action.padEnd(9)} ${purpose.padEnd(width)}  ${id}`,
      ...changes.map((change) => `${" ".repeat(14)}${change}`),
    ]),
  ];
}

/** The part of the JSON document that says what is, or was, to do. */
export function describePlan({ plan, endpoint, version, changes, checks }: Deployment) {
  return {
    endpoint,
    version,
    changed: changes,
    checks,
    plan: plan.map((item) => ({
      kind: item.kind,
      id: item.id,
      action: item.action,
      changes: item.changes,
    })),
  };
}
