/** What earlier intents of the group being formed will have written. */
import type { RecordMemory } from "./memory.ts";
import type { FileChange, PendingView, Prepared } from "./types.ts";

export class GroupView implements PendingView {
  readonly #memory: RecordMemory;
  readonly #texts = new Map<string, string | null>();
  readonly #promoted = new Map<string, string>();

  constructor(memory: RecordMemory) {
    this.#memory = memory;
  }

  text(path: string): string | null | undefined {
    return this.#texts.get(path);
  }

  /** In this group, or in any before it. */
  promoted(id: string): string | undefined {
    return this.#promoted.get(id) ?? this.#memory.promotedAs(id);
  }

  add({ changes, promoted }: Prepared<unknown>): void {
    for (const change of changes) this.#note(change);
    if (promoted) this.#promoted.set(promoted.id, promoted.filename);
  }

  #note(change: FileChange): void {
    if (change.op === "put") this.#texts.set(change.path, change.text);
    else if (change.op === "delete") this.#texts.set(change.path, null);
    else this.#texts.delete(change.path);
  }
}
