/** The documents of a record as rows, one table a kind. */
import { classify, type PathKind } from "../../../template/spaces/backend/board/classify.ts";
import { readDocument } from "../../../template/spaces/backend/documents/frontmatter.ts";
import { parseRun } from "../../../template/spaces/backend/documents/run.ts";
import {
  parseVerdict,
  shownState,
  type Verdict,
} from "../../../template/spaces/backend/documents/verdict.ts";

export const TABLES = ["agents", "messages", "results", "runs", "verdicts", "notes", "traces"] as const;
export type Table = (typeof TABLES)[number];

export interface Row {
  /** Of the document; of a run its id. */
  filename: string;
  [key: string]: unknown;
}

/** Gathers documents in any order. What is damaged makes no row; it is among the files all the same. */
export class RecordTables {
  readonly #rows = Object.fromEntries(TABLES.map((table) => [table, []])) as unknown as Record<Table, Row[]>;
  readonly #verdicts = new Map<string, Verdict>();

  take(path: string, bytes: Uint8Array): void {
    const kind = classify(path);
    const text = new TextDecoder().decode(bytes);
    if (kind.kind === "run") {
      const run = parseRun(text);
      if (run) this.#rows.runs.push({ filename: kind.id, ...run });
    } else if (kind.kind === "verdict") {
      const verdict = parseVerdict(text);
      if (!verdict) return;
      this.#verdicts.set(kind.filename, verdict);
      this.#rows.verdicts.push({ ...verdict, filename: kind.filename });
    } else {
      const place = placeOf(kind);
      if (place) this.#rows[place.table].push({ filename: place.filename, ...readDocument(text) });
    }
  }

  /**
   * Sorted by filename, which is the order of posting. Results get the state that counts (`states`: the index).
   * What organisers have hidden keeps its place without its text: an export is made to be published.
   */
  finish(states: ReadonlyMap<string, string>, hidden: ReadonlyMap<string, string>): Record<Table, Row[]> {
    const finished = TABLES.map((table) => {
      const rows = this.#rows[table].map((row) => {
        const shown = table === "results" ? { ...row, ...this.#verification(row.filename, states) } : row;
        return withoutHidden(shown, hidden);
      });
      return [table, rows.toSorted((a, b) => (a.filename < b.filename ? -1 : 1))];
    });
    return Object.fromEntries(finished) as Record<Table, Row[]>;
  }

  #verification(filename: string, states: ReadonlyMap<string, string>) {
    const verdict = this.#verdicts.get(filename);
    const verification = shownState(states.get(filename) ?? "pending", verdict);
    // A verdict that a person has overruled in the index explains nothing.
    const explains = verdict !== undefined && verification === verdict.state;
    return { verification, reason: explains ? verdict.reason : null };
  }
}

/** Where a document with frontmatter belongs. */
function placeOf(kind: PathKind): { table: Table; filename: string } | null {
  switch (kind.kind) {
    case "registration":
      return { table: "agents", filename: `${kind.id}.md` };
    case "message":
      return { table: "messages", filename: kind.filename };
    case "result":
      return { table: "results", filename: kind.filename };
    case "note":
      return { table: "notes", filename: `${kind.name}/${kind.filename}` };
    case "trace":
      return { table: "traces", filename: `${kind.agent}/${kind.session}` };
    default:
      return null;
  }
}

function withoutHidden(row: Row, hidden: ReadonlyMap<string, string>): Row {
  const reason = hidden.get(row.filename.slice(row.filename.lastIndexOf("/") + 1));
  return reason === undefined ? row : { filename: row.filename, hidden: reason };
}
