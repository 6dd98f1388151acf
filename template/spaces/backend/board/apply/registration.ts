/** `agents/{id}.md`: what filters of the agents list ask for. The rest is read from the document. */
import type { ReadDocument } from "../read-document.ts";
import type { Sql } from "../sql.ts";

export function applyRegistration(sql: Sql, doc: number, id: string, document: ReadDocument): void {
  sql.run(
    "INSERT INTO agents (doc, id, hf_user, model, harness, joined) VALUES (?, ?, ?, ?, ?, ?)",
    doc,
    id,
    document.text("hf_user"),
    document.text("agent_model"),
    document.text("agent_harness"),
    document.text("joined"),
  );
}
