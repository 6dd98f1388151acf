import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, expect, test } from "vitest";
import type { HubContext } from "../../../wizard/local-hub/context.ts";
import { openDatabase } from "../../../wizard/local-hub/database.ts";
import { guardOf } from "../../../wizard/local-hub/processes/process-guard.ts";
import { processIdentity } from "../../../wizard/local-hub/processes/process-identity.ts";

const started = new Set<number>();
const sleeper = () => {
  const child = spawn("sleep", ["1000"], { detached: true, stdio: "ignore" });
  started.add(child.pid as number);
  return child;
};
afterEach(() => {
  for (const pid of started) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {}
  }
  started.clear();
});

const hubWith = (rows: [number, string][]) => {
  const db = openDatabase(":memory:");
  db.exec("CREATE TABLE processes (pid INTEGER PRIMARY KEY, identity TEXT NOT NULL) STRICT");
  for (const row of rows) db.prepare("INSERT INTO processes VALUES (?, ?)").run(...row);
  return { db, instanceId: "guard-test" } as HubContext;
};

test("what an earlier hub left running is ended, and a stranger with the same process id is not", async () => {
  const [ours, stranger] = [sleeper(), sleeper()];
  const [oursPid, strangerPid] = [ours.pid as number, stranger.pid as number];
  const ended = once(ours, "exit");
  const hub = hubWith([
    [oursPid, processIdentity(oursPid) as string],
    [strangerPid, "another boot 123"],
    [2 ** 22 - 1, "long gone"],
  ]);
  guardOf(hub);
  expect((await ended)[1]).toBe("SIGKILL");
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  expect(hub.db.prepare("SELECT * FROM processes").all()).toEqual([]);
});

test("children are remembered while they run, and closing leaves no watchdog", async () => {
  const hub = hubWith([]);
  const guard = guardOf(hub);
  const child = sleeper();
  guard.add(child.pid as number);
  expect(hub.db.prepare("SELECT pid FROM processes").all()).toEqual([{ pid: child.pid }]);
  guard.remove(child.pid as number);
  await guard.close();
  expect(hub.db.prepare("SELECT pid FROM processes").all()).toEqual([]);
  expect(child.signalCode).toBeNull();
});

test("an identity is that of one process", () => {
  expect(processIdentity(process.pid)).toBe(processIdentity(process.pid));
  const child = sleeper();
  expect(processIdentity(child.pid as number)).not.toBe(processIdentity(process.pid));
  expect(processIdentity(2 ** 22 - 1)).toBeNull();
});
