/**
 * Makes sure that no child outlives its hub. Three nets: the hub stops its children when it closes; a small
 * shell, the watchdog, ends them when the hub dies in any other way (its standard input closes then); and what
 * even that left is ended when a hub starts on the same folder again. Children are process groups; a process
 * that leaves its group is known by a mark in its environment.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import type { HubContext } from "../context.ts";
import { markedProcesses, processIdentity } from "./process-identity.ts";

const WATCHDOG = `
trap '' HUP INT TERM
groups=' '
while read -r sign group; do
  case $sign in
    +) groups="$groups$group " ;;
    -) left=' '
       for g in $groups; do [ "$g" = "$group" ] || left="$left$g "; done
       groups=$left ;;
  esac
done
for g in $groups; do kill -s TERM -- "-$g" 2>/dev/null; done
[ "$groups" = ' ' ] || sleep 3
for g in $groups; do kill -s KILL -- "-$g" 2>/dev/null; done
`;

const MARK = "AGENT_COLLAB_PROCESS";

export interface Mark {
  name: string;
  value: string;
}

export class ProcessGuard {
  readonly #hub: HubContext;
  #watchdog: ChildProcess | null = null;

  constructor(hub: HubContext) {
    this.#hub = hub;
    hub.db.exec(
      "CREATE TABLE IF NOT EXISTS processes (pid INTEGER PRIMARY KEY, identity TEXT NOT NULL) STRICT",
    );
    this.#reap();
  }

  /** An environment variable that a child and everything it starts is to carry. */
  newMark(): Mark {
    return { name: MARK, value: `${this.#hub.instanceId} ${randomUUID()}` };
  }

  /** Ends what carries `mark` and has left its group. */
  endMarked(mark: Mark): void {
    for (const pid of markedProcesses(`${mark.name}=${mark.value}`)) signalProcess(pid, "SIGKILL");
  }

  /** Ends what an earlier hub on this folder left running. */
  #reap(): void {
    for (const pid of markedProcesses(`${MARK}=${this.#hub.instanceId} `)) signalProcess(pid, "SIGKILL");
    const rows = this.#hub.db.prepare("SELECT pid, identity FROM processes").all() as {
      pid: number;
      identity: string;
    }[];
    for (const { pid, identity } of rows) {
      if (processIdentity(pid) === identity) signalGroup(pid, "SIGKILL");
    }
    this.#hub.db.exec("DELETE FROM processes");
  }

  /** Call as soon as a process, leader of its own group, runs. */
  add(pid: number): void {
    const identity = processIdentity(pid);
    if (identity === null) return;
    this.#hub.db.prepare("INSERT OR REPLACE INTO processes VALUES (?, ?)").run(pid, identity);
    this.#tell(`+ ${pid}`);
  }

  /** Call once the whole group is gone. */
  remove(pid: number): void {
    this.#hub.db.prepare("DELETE FROM processes WHERE pid = ?").run(pid);
    this.#tell(`- ${pid}`);
  }

  #tell(line: string): void {
    if (this.#watchdog === null) {
      // Of its own group, so that Ctrl-C in the hub's terminal does not end it before the hub.
      this.#watchdog = spawn("/bin/sh", ["-c", WATCHDOG], {
        detached: true,
        stdio: ["pipe", "ignore", "ignore"],
        env: { PATH: process.env.PATH ?? "/usr/bin:/bin" },
      });
      this.#watchdog.on("error", () => {});
      this.#watchdog.stdin?.on("error", () => {});
      this.#watchdog.unref();
    }
    this.#watchdog.stdin?.write(`${line}\n`);
  }

  /** All children have been stopped before this. */
  async close(): Promise<void> {
    const watchdog = this.#watchdog;
    if (watchdog === null || watchdog.pid === undefined || watchdog.exitCode !== null) return;
    watchdog.ref();
    const exited = once(watchdog, "exit");
    watchdog.stdin?.end();
    await exited;
  }
}

/** Sends `signal` to every process of a group; `false` when there is none left. */
export function signalGroup(group: number, signal: NodeJS.Signals): boolean {
  return signalProcess(-group, signal);
}

function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

const guards = new WeakMap<HubContext, ProcessGuard>();

/** The guard of one hub. The first call ends what an earlier hub left running. */
export function guardOf(hub: HubContext): ProcessGuard {
  let guard = guards.get(hub);
  if (guard === undefined) {
    guard = new ProcessGuard(hub);
    guards.set(hub, guard);
  }
  return guard;
}
