/** Who is told to wait for a verdict: not a further result of a submission, until it ranks in place of the first. */
import { expect, test, vi } from "vitest";
import type { Run } from "../../../template/spaces/backend/documents/run.ts";
import { BackendUnderTest } from "../../support/backend.ts";
import { keepRun, sampleRun, sampleSummary } from "../../support/runs.ts";
import { FAST, judge, soon } from "./support.ts";

test("a result that repeats another one counts and queues nowhere, until the first is invalid", async () => {
  await using under = await BackendUnderTest.start({ collab: { jobs: { enabled: true } }, start: FAST });
  const ada = await under.agent("ada");
  const post = async (run: Run) => {
    await keepRun(under, run);
    const request = { run_id: run.run_id, method: "m", description: "d" };
    const answer = await under.post("/v1/results", request, ada.key);
    expect(answer.status).toBe(201);
    return { under, ada, filename: answer.body.filename as string };
  };
  const runAt = (minute: number) =>
    sampleRun({
      run_id: `20260601-100${minute}00-000_ada`,
      summary: sampleSummary({ score: 100 + minute }),
    });
  const first = await post(runAt(1));
  const repeat = await post(runAt(2));
  const waiting = async () => {
    const { body } = await under.get("/v1/verification");
    const names = (list: { filename: string }[]) => list.map(({ filename }) => filename);
    const { states, queue, undecided, needs_pointer: unpointed } = body;
    return [states, names(queue), names([...undecided, ...unpointed])];
  };
  const { body } = await under.get(`/v1/results/${repeat.filename}`);
  expect(body).toMatchObject({ verification: "pending", standing: { reproduction_of: first.filename } });
  expect(await waiting()).toEqual([{ pending: 1 }, [first.filename], []]);
  expect((await under.get("/v1/leaderboard")).body.meta.excluded).toMatchObject({ reproductions: 1 });

  // Nor where a verifier had something to say about it before.
  await judge(repeat, "needs_pointer");
  expect(await waiting()).toEqual([{ pending: 1 }, [first.filename], []]);
  await judge(repeat, "pending", { reason_code: "looks_odd" });
  expect(await waiting()).toEqual([{ pending: 1 }, [first.filename], []]);

  await judge(first, "invalid");
  await vi.waitFor(
    async () =>
      expect(await waiting()).toEqual([{ invalid: 1, pending: 1 }, [repeat.filename], [repeat.filename]]),
    soon,
  );
  await judge(repeat, "valid");
  await vi.waitFor(async () => expect(await waiting()).toEqual([{ invalid: 1, valid: 1 }, [], []]), soon);
});

test("one that was judged is counted by its verdict", async () => {
  await using under = await BackendUnderTest.start({ collab: { jobs: { enabled: true } }, start: FAST });
  const ada = await under.agent("ada");
  const filenames: string[] = [];
  for (const minute of [1, 2]) {
    const run_id = `20260601-100${minute}00-000_ada`;
    await keepRun(under, sampleRun({ run_id, summary: sampleSummary({ score: 100 }) }));
    const { body } = await under.post("/v1/results", { run_id, method: "m", description: "d" }, ada.key);
    filenames.push(body.filename);
  }
  const [first = "", repeat = ""] = filenames;
  await judge({ under, ada, filename: repeat }, "valid");
  await vi.waitFor(async () => {
    const { body } = await under.get("/v1/verification");
    expect([body.states, body.queue]).toMatchObject([{ pending: 1, valid: 1 }, [{ filename: first }]]);
  }, soon);
});
