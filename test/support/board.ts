/** A board fed by hand: files go in as the record would apply them. */
import { type CollabInput, CollabSchema } from "../../template/schema/collab.ts";
import { Board } from "../../template/spaces/backend/board/board.ts";
import type { FileChange, JournalEntry } from "../../template/spaces/backend/record/types.ts";

export const SCORING = CollabSchema.parse({
  collab: { slug: "demo", title: "Demo", org: "acme" },
} satisfies CollabInput).scoring;

export class BoardUnderTest {
  readonly board: Board;
  #seq = 0;

  constructor(options: Partial<ConstructorParameters<typeof Board>[0]> = {}) {
    this.board = new Board({ scoring: SCORING, ...options });
    this.board.startFrom(0);
  }

  apply(...changes: FileChange[]): void {
    this.#seq += 1;
    const entry = { stamp: this.#seq, changes, audit: {} } as unknown as JournalEntry;
    this.board.apply({ seq: this.#seq, entries: [entry] });
  }

  /** Files by path; frontmatter as lines of YAML. */
  put(files: Record<string, string>): void {
    this.apply(...Object.entries(files).map(([path, text]): FileChange => ({ op: "put", path, text })));
  }

  register(...ids: string[]): void {
    for (const id of ids) {
      this.put({
        [`agents/${id}.md`]: document(
          `agent_name: ${id}\nagent_model: m\nagent_harness: h\nagent_tools: []\nhf_user: u-${id}\nagent_bucket: acme/demo-${id}\njoined: 2026-06-01 10:00 UTC`,
        ),
      });
    }
  }

  message(filename: string, body = "hi", fields = "type: agent"): void {
    this.put({ [`message_board/${filename}`]: document(fields, body) });
  }

  [Symbol.dispose](): void {
    this.board.close();
  }
}

export function document(frontmatter: string, body = ""): string {
  return body === "" ? `---\n${frontmatter}\n---\n` : `---\n${frontmatter}\n---\n\n${body}\n`;
}
