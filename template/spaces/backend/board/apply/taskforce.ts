/** `taskforces/{name}/README.md`: the file that makes a taskforce exist (api-v1.md 3.14). */
import type { ReadDocument } from "../read-document.ts";
import type { Sql } from "../sql.ts";

export function applyTaskforce(sql: Sql, doc: number, name: string, document: ReadDocument): void {
  sql.run(
    "INSERT INTO taskforces (doc, name, creator, created) VALUES (?, ?, ?, ?)",
    doc,
    name,
    document.text("creator") || null,
    document.text("created") || null,
  );
}
