/** Faults of the local hub, as `docs/local-hub.md` describes them. */
import type { FaultRule } from "../../wizard/local-hub/faults/rule.ts";

export type Fault = Partial<FaultRule> & Pick<FaultRule, "kind">;

/** Every way in which any call can fail and be right again soon. */
export const PASSING_FAULTS: Readonly<Record<string, Fault>> = {
  "is answered 500": { kind: "status", status: 500 },
  "is answered 503 with Retry-After": { kind: "status", status: 503, retryAfterSeconds: 0 },
  "is answered 429 with Retry-After": { kind: "status", status: 429, retryAfterSeconds: 0 },
  "is late": { kind: "delay", delayMs: 20 },
  "is cut before it is applied": { kind: "reset" },
  "is applied, its answer breaks off": { kind: "truncate", afterBytes: 3 },
  "is applied but answered 500": { kind: "lost" },
  "is applied, then cut": { kind: "lost", cut: true },
};

/** `METHOD /path`, as the rule that meets it. */
export function ruleOf(call: string): Pick<FaultRule, "method"> & { path: string } {
  const [method, path = ""] = call.split(" ") as [FaultRule["method"], string?];
  return { method, path };
}

/** Adds a fault; the answer lifts it. */
export async function addFault(hubUrl: string, rule: Fault): Promise<() => Promise<void>> {
  const path = `${hubUrl}/_emulator/faults`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(rule) });
  if (!response.ok) throw new Error(await response.text());
  const { id } = (await response.json()) as { id: string };
  return async () => {
    await fetch(`${path}/${id}`, { method: "DELETE" });
  };
}

/** Lifts all of them. */
export async function liftFaults(hubUrl: string): Promise<void> {
  const response = await fetch(`${hubUrl}/_emulator/faults`, { method: "DELETE" });
  if (!response.ok) throw new Error(await response.text());
}

/** How often each of the faults in force has been met. */
export async function faultsMet(hubUrl: string): Promise<number[]> {
  const response = await fetch(`${hubUrl}/_emulator/faults`);
  const { faults } = (await response.json()) as { faults: { applied: number }[] };
  return faults.map(({ applied }) => applied);
}
