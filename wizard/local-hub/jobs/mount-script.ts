/**
 * Real mounts for a Job on Linux: a mount namespace of its own, in which the volumes lie where the Job expects
 * them. Nothing of it is visible outside, and all of it is gone with the Job's last process.
 *
 * The Job's root is a small tmpfs into which everything of the machine's root is bound, except the folders on
 * the way to a volume: those are made anew, so that no folder has to be created on the machine itself.
 */
import { execFile } from "node:child_process";
import { lstatSync, mkdirSync, readdirSync, realpathSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface Mount {
  /** Where the volume's files are. */
  folder: string;
  mountPath: string;
  readOnly: boolean;
}

interface Node {
  mount: Mount | null;
  children: Map<string, Node>;
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Shell commands that make the Job's root in the empty folder `root`, to be run in a new mount namespace. */
export function mountScript(root: string, mounts: readonly Mount[]): string {
  const tree: Node = { mount: null, children: new Map() };
  for (const mount of mounts) {
    let node = tree;
    for (const part of mount.mountPath.split("/").filter(Boolean)) {
      const next = node.children.get(part) ?? { mount: null, children: new Map() };
      node.children.set(part, next);
      node = next;
    }
    node.mount = mount;
  }
  const lines = ["set -eu", "PATH=$PATH:/usr/sbin:/sbin", `mount -t tmpfs -o mode=755 tmpfs ${quote(root)}`];
  graft(tree, "/", root, lines);
  return lines.join("\n");
}

/** Commands that make `target` look like `source` of the machine, with the volumes below `node` put in. */
function graft(node: Node, source: string, target: string, lines: string[]): void {
  for (const name of entriesOf(source)) {
    if (node.children.has(name)) continue;
    const [from, to] = [join(source, name), join(target, name)];
    const kind = kindOf(from);
    if (kind === "folder") lines.push(`mkdir ${quote(to)} && mount --rbind ${quote(from)} ${quote(to)}`);
    else if (kind === "link") lines.push(`cp -P ${quote(from)} ${quote(to)}`);
    else if (kind === "file") lines.push(`touch ${quote(to)} && mount --bind ${quote(from)} ${quote(to)}`);
  }
  for (const [name, child] of node.children) {
    const to = join(target, name);
    lines.push(`mkdir -p ${quote(to)}`);
    if (child.mount === null) graft(child, join(source, name), to, lines);
    else bindVolume(child, child.mount, to, lines);
  }
}

/** A volume, and volumes inside it. */
function bindVolume(node: Node, mount: Mount, target: string, lines: string[]): void {
  for (const name of node.children.keys()) mkdirSync(join(mount.folder, name), { recursive: true });
  lines.push(`mount --bind ${quote(mount.folder)} ${quote(target)}`);
  for (const [name, child] of node.children) {
    const to = join(target, name);
    if (child.mount === null) graft(child, join(mount.folder, name), to, lines);
    else bindVolume(child, child.mount, to, lines);
  }
  if (mount.readOnly) lines.push(`mount -o remount,bind,ro ${quote(target)}`);
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(realpathSync(folder));
  } catch {
    return [];
  }
}

function kindOf(path: string): "folder" | "file" | "link" | null {
  try {
    const facts = lstatSync(path);
    if (facts.isSymbolicLink()) return "link";
    return facts.isDirectory() ? "folder" : "file";
  } catch {
    return null;
  }
}

/** How a mount namespace can be had on this machine: arguments of `unshare`; `null` where it cannot. */
export type Namespace = readonly string[] | null;

const WAYS: readonly (readonly string[])[] = [
  ["--mount", "--propagation", "private"],
  ["--map-root-user", "--mount", "--propagation", "private"],
];

let found: Promise<Namespace> | undefined;

/**
 * Tries it out, once: kernels and containers differ in what they allow. `AGENT_COLLAB_JOB_MOUNTS=off` in the
 * hub's environment does without.
 */
export function mountNamespace(): Promise<Namespace> {
  if (process.env.AGENT_COLLAB_JOB_MOUNTS === "off") return Promise.resolve(null);
  found ??= process.platform === "linux" ? probe() : Promise.resolve(null);
  return found;
}

async function probe(): Promise<Namespace> {
  const folder = await mkdtemp(join(tmpdir(), "agent-collab-mounts-"));
  try {
    const [root, volume] = [join(folder, "root"), join(folder, "volume")];
    mkdirSync(root);
    mkdirSync(volume);
    const mount = { folder: volume, mountPath: "/agent-collab-probe/volume", readOnly: true };
    const script = `${mountScript(root, [mount])}\nexec chroot ${quote(root)} /bin/sh -c '! touch /agent-collab-probe/volume/x'`;
    for (const way of WAYS) {
      const run = promisify(execFile)("unshare", [...way, "--", "/bin/sh", "-c", script], {
        timeout: 10_000,
      });
      if (
        await run.then(
          () => true,
          () => false,
        )
      )
        return way;
    }
    return null;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The command that runs `command` in `cwd` with `mounts` in place. `root` is an empty folder. */
export function mountedCommand(
  namespace: readonly string[],
  options: { root: string; mounts: readonly Mount[]; cwd: string; command: readonly string[] },
): string[] {
  const { root, mounts, cwd, command } = options;
  const enter = `exec chroot ${quote(root)} /bin/sh -c 'cd "$1" && shift && exec "$@"' job ${quote(cwd)} "$@"`;
  return [
    "unshare",
    ...namespace,
    "--",
    "/bin/sh",
    "-c",
    `${mountScript(root, mounts)}\n${enter}`,
    "job",
    ...command,
  ];
}
