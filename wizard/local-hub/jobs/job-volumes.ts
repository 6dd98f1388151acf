/** The volumes of a running Job: put on disk before it starts, carried back while it runs and after it. */
import { join } from "node:path";
import type { Caller, HubContext } from "../context.ts";
import type { JobVolume } from "./job-spec.ts";
import { type Mount, mountNamespace, type Namespace } from "./mount-script.ts";
import { filesOf } from "./volume-content.ts";
import { fillFolder, setWritable } from "./volume-folder.ts";
import { WriteBack } from "./write-back.ts";

export interface JobVolumes {
  mounts: Mount[];
  /** How the mounts can be made real; `null` where paths have to be rewritten instead. */
  namespace: Namespace;
  /** Carries back what the Job has written. The folders may be removed afterwards. */
  finish(): Promise<void>;
}

export interface VolumeOptions {
  volumes: readonly JobVolume[];
  /** Where to put the files. */
  folder: string;
  caller: Caller;
  /** Told what could not be carried back. */
  warn(line: string): void;
}

export async function openVolumes(hub: HubContext, options: VolumeOptions): Promise<JobVolumes> {
  const { volumes, caller, warn } = options;
  const mounts: Mount[] = [];
  const writeBacks: WriteBack[] = [];
  for (const [index, volume] of volumes.entries()) {
    const folder = join(options.folder, String(index));
    await fillFolder(folder, filesOf(hub, volume));
    mounts.push({ folder, mountPath: volume.mountPath, readOnly: volume.readOnly });
    if (!volume.readOnly) writeBacks.push(new WriteBack(hub, { caller, volume, folder, warn }));
  }
  const namespace = mounts.length === 0 ? null : await mountNamespace();
  // Without a read-only mount the right to write is what protects a volume (not from root, but nothing is carried back).
  const guarded = namespace === null ? mounts.filter(({ readOnly }) => readOnly) : [];
  for (const { folder } of guarded) await setWritable(folder, false);
  for (const writeBack of writeBacks) await writeBack.start();
  return {
    mounts,
    namespace,
    async finish() {
      for (const writeBack of writeBacks) await writeBack.finish();
      for (const { folder } of guarded) await setWritable(folder, true);
    },
  };
}
