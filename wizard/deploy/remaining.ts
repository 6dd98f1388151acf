/** What only a person can do once everything is deployed. */
import type { Deployment } from "./deploy.ts";

/** Checks whose warning is a task, not a note. */
const TASKS = ["invite", "members"];

/** One line each, with its address; empty when nothing is left. */
export function remainingSteps({ checks }: Pick<Deployment, "checks">): string[] {
  return checks
    .filter(({ name, state, fix }) => state === "warn" && fix !== undefined && TASKS.includes(name))
    .map(({ message, fix }) => `${message}: ${fix}`);
}
