/** Faults of the local hub, as `docs/local-hub.md` describes them. */
import type { FaultRule } from "../../../wizard/local-hub/faults/rule.ts";

/** Adds a fault; the answer lifts it. */
export async function addFault(
  hubUrl: string,
  rule: Partial<FaultRule> & Pick<FaultRule, "kind">,
): Promise<() => Promise<void>> {
  const path = `${hubUrl}/_emulator/faults`;
  const headers = { "content-type": "application/json" };
  const response = await fetch(path, { method: "POST", headers, body: JSON.stringify(rule) });
  if (!response.ok) throw new Error(await response.text());
  const { id } = (await response.json()) as { id: string };
  return async () => {
    await fetch(`${path}/${id}`, { method: "DELETE" });
  };
}
