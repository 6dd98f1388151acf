/** What writes that are on their way will have written: earlier ones of the group being formed, and the group before it. */
import type { RecordMemory } from "./memory.ts";
import type { FileChange, PendingView, Prepared } from "./types.ts";

export class GroupView implements PendingView {
  readonly #memory: RecordMemory;
  /** Of the group that is being published while this one is formed. */
  #before: GroupView | null;
  /** `undefined`: written, but as a copy whose text is not known here. */
  readonly #texts = new Map<string, string | null | undefined>();
  readonly #promoted = new Map<string, string>();

  constructor(memory: RecordMemory, before: GroupView | null) {
    this.#memory = memory;
    this.#before = before;
  }

  text(path: string): string | null | undefined {
    return this.#texts.has(path) ? this.#texts.get(path) : this.#before?.text(path);
  }

  /** On its way, or in any group before. */
  promoted(id: string): string | undefined {
    return this.#promoted.get(id) ?? (this.#before ? this.#before.promoted(id) : this.#memory.promotedAs(id));
  }

  /** The group before is in: memory and board know it now. */
  settle(): void {
    this.#before = null;
  }

  add({ changes, promoted }: Prepared<unknown>): void {
    for (const change of changes) this.#note(change);
    if (promoted) this.#promoted.set(promoted.id, promoted.filename);
  }

  #note(change: FileChange): void {
    this.#texts.set(
      change.path,
      change.op === "put" ? change.text : change.op === "delete" ? null : undefined,
    );
  }
}
