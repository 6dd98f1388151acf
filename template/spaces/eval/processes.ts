/** The processes of one evaluation, as Linux shows them in /proc; elsewhere none are seen. */
import { readdir, readFile } from "node:fs/promises";

interface Process {
  pid: number;
  parent: number;
  group: number;
  residentBytes: number;
}

const PAGE_BYTES = 4096;

/** Of the group `group` and of everything started below its members. */
export async function membersOf(group: number): Promise<Process[]> {
  const all = await allProcesses();
  const members = new Map(all.filter((one) => one.group === group).map((one) => [one.pid, one]));
  for (let before = -1; before !== members.size; ) {
    before = members.size;
    for (const one of all) if (members.has(one.parent)) members.set(one.pid, one);
  }
  return [...members.values()];
}

async function allProcesses(): Promise<Process[]> {
  const entries = await readdir("/proc").catch(() => []);
  const read = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map((name) => readProcess(Number(name))),
  );
  return read.filter((one) => one !== null);
}

async function readProcess(pid: number): Promise<Process | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "latin1");
    // The name may hold anything, blanks and brackets too.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return {
      pid,
      parent: Number(fields[1]),
      group: Number(fields[2]),
      residentBytes: Number(fields[21]) * PAGE_BYTES,
    };
  } catch {
    return null;
  }
}
