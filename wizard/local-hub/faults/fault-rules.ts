/** The fault rules in force and whose turn it is. Kept in memory: a restarted hub is healthy. */
import type { FaultHooks } from "../context.ts";
import { type FaultKind, type FaultRule, globPattern, pathPattern } from "./rule.ts";

interface ActiveRule {
  id: string;
  rule: FaultRule;
  path: RegExp;
  entry: RegExp;
  /** Requests that matched, and those that were made to fail. */
  seen: number;
  applied: number;
  random: () => number;
}

export interface FaultQuestion {
  method: string;
  path: string;
  user: string | null;
}

export class FaultRules implements FaultHooks {
  #rules: ActiveRule[] = [];
  #nextId = 1;

  add(rule: FaultRule): string {
    const id = `fault-${this.#nextId++}`;
    this.#rules.push({
      id,
      rule,
      path: pathPattern(rule),
      entry: globPattern(rule.entry),
      seen: 0,
      applied: 0,
      random: repeatableRandom(1),
    });
    return id;
  }

  /** False when there is no such rule. */
  remove(id: string): boolean {
    const before = this.#rules.length;
    this.#rules = this.#rules.filter((active) => active.id !== id);
    return this.#rules.length < before;
  }

  clear(): void {
    this.#rules = [];
  }

  list() {
    return this.#rules.map(({ id, rule, seen, applied }) => ({ id, ...rule, seen, applied }));
  }

  /** The rules that this request falls under, in the order in which they were made; each counts as applied. */
  take(question: FaultQuestion): FaultRule[] {
    if (question.path.startsWith("/_emulator/")) return [];
    return this.#rules
      .filter((active) => active.rule.kind !== "batch_entry")
      .filter((active) => matches(active, question) && itsTurn(active))
      .map((active) => active.rule);
  }

  batchEntry(bucket: string, path: string): string | null {
    for (const active of this.#rules) {
      if (active.rule.kind !== "batch_entry" || !active.path.test(`/api/buckets/${bucket}/batch`)) continue;
      if (active.entry.test(path) && itsTurn(active)) {
        return active.rule.message ?? "Internal error: this entry could not be stored, try again";
      }
    }
    return null;
  }
}

/** Kinds that end a request; a delay lets it go on. */
export function endsRequest(kind: FaultKind): boolean {
  return kind !== "delay" && kind !== "batch_entry";
}

function matches({ rule, path }: ActiveRule, question: FaultQuestion): boolean {
  if (rule.method !== "*" && rule.method !== question.method) return false;
  if (rule.user !== undefined && rule.user !== question.user) return false;
  return path.test(question.path);
}

function itsTurn(active: ActiveRule): boolean {
  const { rule } = active;
  active.seen++;
  if (active.seen <= rule.skip) return false;
  if (rule.count !== undefined && active.applied >= rule.count) return false;
  if (rule.probability < 1 && active.random() >= rule.probability) return false;
  active.applied++;
  return true;
}

/** Numbers in [0, 1) that are the same at every run (mulberry32). */
function repeatableRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
