/**
 * A real backend process is killed at random points under load and started again, over and over.
 * `CRASH_ROUNDS` sets how often (default 6), `CRASH_LANES` how many collabs are treated so at the same time;
 * `CRASH_SEED` repeats a run's choices.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleBackend } from "../../support/backend-bundle.ts";
import { CrashCollab } from "./crash-collab.ts";

const ROUNDS = Number(process.env.CRASH_ROUNDS ?? 6);
const LANES = Number(process.env.CRASH_LANES ?? 2);
const SEED = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Then a new collab begins: history grows long enough to be merged, not so long that reading it is all we do. */
const ROUNDS_OF_A_COLLAB = 40;
const ROUND_TIMEOUT_MS = 30_000;

const folder = mkdtempSync(join(tmpdir(), "crash-program-"));
let program: string;

beforeAll(() => {
  program = bundleBackend(folder, join(import.meta.dirname, "crash-backend.ts"));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(`no kill loses or doubles an acknowledged message (${ROUNDS} rounds, CRASH_SEED=${SEED})`, {
  timeout: 60_000 + ROUNDS * ROUND_TIMEOUT_MS,
}, async () => {
  let left = ROUNDS;
  let done = 0;
  let collabs = 0;
  let messages = 0;
  let hasFailed = false;
  const lane = async () => {
    while (left > 0 && !hasFailed) {
      const rounds = Math.min(left, ROUNDS_OF_A_COLLAB, Math.ceil(ROUNDS / LANES));
      left -= rounds;
      collabs += 1;
      await using collab = await CrashCollab.set(program, seeded(SEED + collabs));
      for (let round = 0; round < rounds && !hasFailed; round += 1) await collab.round();
      if (hasFailed) return;
      await collab.expectWhole();
      messages += collab.messages;
      done += rounds;
      if (done < ROUNDS)
        process.stderr.write(`${done} of ${ROUNDS} kills, ${messages} messages, each there once\n`);
    }
  };
  const failed = (error: unknown) => {
    hasFailed = true;
    throw error;
  };
  // Also after a failure all end before the test does, and take their collabs away.
  const ends = await Promise.allSettled(Array.from({ length: LANES }, () => lane().catch(failed)));
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  expect(messages).toBeGreaterThan(ROUNDS);
});

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
