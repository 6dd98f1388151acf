/** What writes that are on their way will have written: earlier ones of the group being formed, and the group before it. */
import type { RecordMemory } from "./memory.ts";
import type { FileChange, PendingView, Prepared, StoredAnswer, WriteIntent } from "./types.ts";

export class GroupView implements PendingView {
  readonly #memory: RecordMemory;
  /** Of the group that is being published while this one is formed. */
  #before: GroupView | null;
  /** `undefined`: written, but as a copy whose text is not known here. */
  readonly #texts = new Map<string, string | null | undefined>();
  readonly #promoted = new Map<string, string>();
  /** Idempotency keys whose write is on its way. */
  readonly #keys = new Set<string>();

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

  /**
   * The answer that a request with this key got already; `on its way` while its write is neither in nor given
   * up, which may be long after its caller has stopped waiting.
   */
  answer(owner: string, key: string): StoredAnswer | "on its way" | undefined {
    if (this.#isOnItsWay(keyId(owner, key))) return "on its way";
    return this.#memory.answer(owner, key);
  }

  #isOnItsWay(id: string): boolean {
    if (this.#keys.has(id)) return true;
    return this.#before === null ? false : this.#before.#isOnItsWay(id);
  }

  /** The group before is in: memory and board know it now. */
  settle(): void {
    this.#before = null;
  }

  add({ changes, promoted }: Prepared<unknown>, { idempotency }: WriteIntent<unknown>): void {
    for (const change of changes) this.#note(change);
    if (idempotency) this.#keys.add(keyId(idempotency.owner, idempotency.key));
    if (promoted) this.#promoted.set(promoted.id, promoted.filename);
  }

  #note(change: FileChange): void {
    this.#texts.set(
      change.path,
      change.op === "put" ? change.text : change.op === "delete" ? null : undefined,
    );
  }
}

const keyId = (owner: string, key: string) => `${owner}\0${key}`;
