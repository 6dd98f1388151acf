/** What a deployment has done so far: told as it happens, and again when it is cut off. */
import { HubError } from "../../template/hub/errors.ts";
import type { Hub } from "../../template/hub/types.ts";
import { EXIT, interrupted, UserError } from "../terminal/errors.ts";
import { describeError } from "../terminal/report-error.ts";
import type { PlanItem } from "./plan.ts";

type Kind = "space" | "bucket";

/** A Space or bucket of the plan after a deployment that was cut off. */
export interface Found {
  kind: Kind;
  id: string;
  /** `unknown`: the Hub could not be asked. */
  state: "exists" | "missing" | "unknown";
  /** Did this run make it? */
  made: boolean;
}

export class Steps {
  readonly #progress: (line: string) => void;
  readonly #done: string[] = [];
  readonly #made = new Set<string>();

  constructor(progress: (line: string) => void) {
    this.#progress = progress;
  }

  /** A Space or bucket is there that was not there before. */
  made(kind: Kind, id: string, line: string): void {
    this.#made.add(key(kind, id));
    this.did(line);
  }

  did(line: string): void {
    this.#done.push(line);
    this.#progress(line);
  }

  /** Nothing is done, but something goes on. */
  waiting(line: string): void {
    this.#progress(line);
  }

  /** The failure, with what was done before it and what exists now. What is no failure of the Hub or the user stays as it is. */
  async failure(error: unknown, hub: Hub, plan: readonly PlanItem[], aborted: boolean): Promise<unknown> {
    const exists = await this.#look(hub, plan);
    const data = { done: [...this.#done], exists };
    const lines = this.#lines(exists);
    if (aborted) {
      const message = `Interrupted. ${lines.join("\n")}\nTo finish, run the same command again.`;
      return new UserError({ ...detailsOf(interrupted(message)), data });
    }
    if (!(error instanceof UserError) && !(error instanceof HubError)) return error;
    const { code, message, fix, exitCode, data: more } = describeError(error);
    const goOn = this.#done.length === 0 ? [] : ["Running it again goes on from there."];
    return new UserError({
      code,
      message: [message, ...lines, ...goOn].join("\n"),
      ...(fix !== null && { fix }),
      exitCode,
      data: { ...more, ...data },
      cause: error,
    });
  }

  #lines(exists: readonly Found[]): string[] {
    // The answer to a creation may have been lost: then it is there, and no step says so.
    const lost = exists.filter(
      ({ kind, id, state, made }) => state === "exists" && made && !this.#made.has(key(kind, id)),
    );
    const done = [...this.#done, ...lost.map(({ kind, id }) => `created ${kind} ${id}`)];
    const unknown = exists.filter(({ state }) => state === "unknown").map(({ id }) => id);
    return [
      done.length === 0 ? "Nothing was changed." : `Done before that: ${done.join("; ")}.`,
      ...(unknown.length > 0 ? [`The Hub does not say whether these exist: ${unknown.join(", ")}.`] : []),
    ];
  }

  /** Asks for what the plan was to create and no step has confirmed. */
  async #look(hub: Hub, plan: readonly PlanItem[]): Promise<Found[]> {
    const looked = plan.map(async ({ kind, id, action }): Promise<Found | null> => {
      if (kind !== "space" && kind !== "bucket") return null;
      if (action !== "create") return { kind, id, state: "exists", made: false };
      if (this.#made.has(key(kind, id))) return { kind, id, state: "exists", made: true };
      const ask = kind === "space" ? hub.space(id).info() : hub.bucket(id).info();
      return ask.then(
        (info): Found => ({ kind, id, state: info ? "exists" : "missing", made: info !== null }),
        (): Found => ({ kind, id, state: "unknown", made: false }),
      );
    });
    return (await Promise.all(looked)).filter((found) => found !== null);
  }
}

const key = (kind: Kind, id: string) => `${kind} ${id}`;

function detailsOf({ code, message, exitCode }: UserError) {
  return { code, message, exitCode: exitCode ?? EXIT.failed };
}
