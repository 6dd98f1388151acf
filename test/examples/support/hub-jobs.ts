/** Jobs as the local hub itself keeps them: also while its API is made to fail. */
import type { LocalHub } from "../../../wizard/local-hub/server.ts";

export interface KeptJob {
  id: string;
  namespace: string;
  stage: string;
  labels: Record<string, string>;
}

/** Every Job of the hub, oldest first. */
export function keptJobs({ context }: LocalHub): KeptJob[] {
  const rows = context.db.prepare("SELECT id, namespace, stage, labels FROM jobs ORDER BY number").all();
  return rows.map((row) => ({
    id: String(row.id),
    namespace: String(row.namespace),
    stage: String(row.stage),
    labels: JSON.parse(String(row.labels)) as Record<string, string>,
  }));
}
