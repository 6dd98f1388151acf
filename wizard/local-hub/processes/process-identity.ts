/** Facts by which processes are told apart: when one started, so that a process id which was given to another program is not taken for ours. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** Text that is the same for the life of process `pid` and no other; `null` if there is no such process. */
export function processIdentity(pid: number): string | null {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf-8" }).trim() || null;
    }
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf-8").trim();
    const stat = readFileSync(`/proc/${pid}/stat`, "utf-8");
    // The second field is the program's name in brackets and may hold spaces; field 22 is the start time.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return `${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}

/** Processes with a variable in their environment that begins with `mark`. None where there is no /proc. */
export function markedProcesses(mark: string): number[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && environmentOf(name).some((variable) => variable.startsWith(mark)))
    .map(Number);
}

function environmentOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf-8").split("\0");
  } catch {
    return [];
  }
}
