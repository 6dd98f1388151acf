/** Starting on a long history, after an orderly stop and after a kill. */
import { type Bench, type Row, timed } from "./bench.ts";
import { Stage, say } from "./writes/stage.ts";

export const bench: Bench = {
  name: "backend-start",
  async run({ short }) {
    const messages = short ? 1_000 : 100_000;
    await using stage = await Stage.set(messages);
    const rows: Row[] = [];
    for (const how of ["an orderly stop", "a kill"]) {
      await stage.resetCalls();
      let backend: Awaited<ReturnType<Stage["backend"]>> | undefined;
      const ms = await timed(async () => {
        backend = await stage.backend();
      });
      const { hub } = await stage.calls();
      if (!backend) throw new Error("no backend");
      const what = `${messages.toLocaleString("en")} messages, after ${how}`;
      rows.push(
        {
          measure: `ready with ${what}`,
          value: ms,
          unit: "ms",
          note: "goal 3,000; from the start of the process",
        },
        { measure: `Hub calls until ready, ${what}`, value: hub, unit: "calls", note: "goal 20" },
      );
      for (let n = 0; n < 20; n += 1) await say(backend.url, n, n);
      await backend.process.kill();
    }
    return rows;
  },
};
