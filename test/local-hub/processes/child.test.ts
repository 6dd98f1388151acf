import { tmpdir } from "node:os";
import { afterAll, describe, expect, test, vi } from "vitest";
import type { HubContext } from "../../../wizard/local-hub/context.ts";
import { openDatabase } from "../../../wizard/local-hub/database.ts";
import { Child } from "../../../wizard/local-hub/processes/child.ts";
import { baseEnvironment } from "../../../wizard/local-hub/processes/environment.ts";
import { guardOf } from "../../../wizard/local-hub/processes/process-guard.ts";
import { isAlive } from "./support.ts";

/** A killed process may still be seen for a moment. */
const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), 10_000);

describe("a child", () => {
  const guard = guardOf({ db: openDatabase(":memory:"), instanceId: "child-test" } as HubContext);
  afterAll(() => guard.close());

  const start = (...command: string[]) => {
    const lines: string[] = [];
    let heard = () => {};
    const first = new Promise<void>((resolve) => {
      heard = resolve;
    });
    const child = new Child({
      command,
      cwd: tmpdir(),
      env: baseEnvironment(tmpdir()),
      onLine: (line) => {
        lines.push(line);
        heard();
      },
      guard,
    });
    return { child, lines, first };
  };

  test("is heard line by line, errors and an unfinished last line included", async () => {
    const { child, lines } = start(
      "sh",
      "-c",
      "echo one; sleep 0.2; echo two >&2; sleep 0.2; printf 'three\\r\\nfo'; printf ur",
    );
    expect(await child.exited).toEqual({ code: 0, signal: null });
    expect(lines).toEqual(["one", "two", "three", "four"]);
  });

  test.each([
    [["sh", "-c", "exit 7"], 7, null],
    [["sh", "-c", "kill -9 $$"], 137, "SIGKILL"],
    [["no-such-program-anywhere"], 127, null],
  ])("%j ends with %i", async (command, code, signal) => {
    expect(await start(...command).child.exited).toEqual({ code, signal });
  });

  test("takes what it started along when it ends, even if that keeps the output open", async () => {
    const { child, lines } = start("sh", "-c", "sleep 1000 & echo $!");
    await child.exited;
    await gone(Number(lines[0]));
  });

  test.skipIf(process.platform !== "linux")("takes along what has left its group", async () => {
    const { child, lines, first } = start("sh", "-c", "setsid sh -c 'echo $$; exec sleep 1000' & sleep 1000");
    await first;
    await child.stop(1_000);
    await gone(Number(lines[0]));
  });

  test("is asked to stop, and made to when it does not listen", async () => {
    const polite = start("sh", "-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.02; done");
    await polite.first;
    await polite.child.stop(10_000);
    // The shell may say of what it waited for that it was terminated.
    expect(polite.lines).toContain("bye");
    const deaf = start("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.02; done");
    await deaf.first;
    await deaf.child.stop(50);
    expect((await deaf.child.exited).signal).toBe("SIGKILL");
  });

  test("has the hub's Node first on its path and none of the hub's secrets", async () => {
    process.env.SOME_SECRET = "x";
    const { child, lines } = start("node", "-p", "process.execPath + ' ' + process.env.SOME_SECRET");
    await child.exited;
    delete process.env.SOME_SECRET;
    expect(lines).toEqual([`${process.execPath} undefined`]);
  });
});
