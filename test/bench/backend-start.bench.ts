/**
 * Starting on a long history, after an orderly stop and after a kill. Beside it, what this machine needs for
 * putting the same texts into one bare SQLite table: a start does that twice, with every index, and parses them.
 */
import { DatabaseSync } from "node:sqlite";
import { type Bench, type Row, timed } from "./bench.ts";
import { cpuOf } from "./hub-process.ts";
import { AGENTS, Stage, say, text } from "./writes/stage.ts";

export const bench: Bench = {
  name: "backend-start",
  async run({ short }) {
    const messages = short ? 1_000 : 100_000;
    await using stage = await Stage.withSnapshots(messages);
    const rows: Row[] = [];
    for (const how of ["an orderly stop", "a kill"]) {
      const bare = await timed(() => fillBareTable(messages));
      await stage.resetCalls();
      let backend: Awaited<ReturnType<Stage["backend"]>> | undefined;
      const ms = await timed(async () => {
        backend = await stage.backend();
      });
      const { hub } = await stage.calls();
      if (!backend) throw new Error("no backend");
      const cpu = cpuOf(backend.process.pid);
      const what = `${messages.toLocaleString("en")} messages, after ${how}`;
      rows.push(
        {
          measure: `ready with ${what}`,
          value: ms,
          unit: "ms",
          note: "goal 3,000; from the start of the process, as shipped",
        },
        {
          measure: `… against the same texts into one bare SQLite table, after ${how}`,
          value: ms / bare,
          unit: "times",
          note: `${bare.toFixed(0)} ms in the same run`,
        },
        {
          measure: `processor time until ready, after ${how}`,
          value: cpu,
          unit: "ms",
          note: "what an idle machine would take at most, less the waits for the Hub",
        },
        { measure: `Hub calls until ready, ${what}`, value: hub, unit: "calls", note: "goal 20" },
      );
      for (let n = 0; n < 20; n += 1) await say(backend.url, n, n);
      await backend.process.kill();
    }
    return rows;
  },
};

function fillBareTable(messages: number): void {
  const db = new DatabaseSync("");
  db.exec(
    "PRAGMA journal_mode = OFF; CREATE TABLE messages (path TEXT PRIMARY KEY, text TEXT NOT NULL); BEGIN",
  );
  const insert = db.prepare("INSERT INTO messages VALUES (?, ?)");
  for (let n = 0; n < messages; n += 1) {
    insert.run(`message_board/${String(n).padStart(19, "0")}_agent-${n % AGENTS}.md`, text(n));
  }
  db.exec("COMMIT");
  db.close();
}
