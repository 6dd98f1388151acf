/** The configuration at this moment: a request reads it once, a reload replaces it whole. */
import { type Collab, type ResourceNames, resourceNames } from "../../schema/collab.ts";

export class LiveCollab {
  #collab: Collab;
  #names: ResourceNames;

  constructor(collab: Collab) {
    this.#collab = collab;
    this.#names = resourceNames(collab);
  }

  get current(): Collab {
    return this.#collab;
  }

  get names(): ResourceNames {
    return this.#names;
  }

  /** Buckets and organisation stay: moving a collab takes a new start. */
  replace(collab: Collab): void {
    this.#collab = collab;
    this.#names = resourceNames(collab);
  }
}
