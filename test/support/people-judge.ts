/** The flagship example on this machine, where people judge: a verifier would be faster than a test. */
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseDocument } from "yaml";
import { loadCollabDir } from "../../wizard/collab-dir.ts";
import { type DevSession, startDev } from "../../wizard/dev/session.ts";
import type { WorkFolder } from "./work-folder.ts";

const EXAMPLE = resolve(import.meta.dirname, "../../examples/gemma-challenge");

/** Runs a copy of it in `work`, in the folder `collab`. */
export async function startWherePeopleJudge(work: WorkFolder): Promise<DevSession> {
  const dir = join(work.path, "collab");
  await mkdir(dir);
  for (const part of ["collab.yaml", "task", "harness", "eval_dataset"])
    await cp(join(EXAMPLE, part), join(dir, part), { recursive: true });
  const configuration = parseDocument(await readFile(join(dir, "collab.yaml"), "utf8"));
  configuration.set("verification", { mode: "manual" });
  await writeFile(join(dir, "collab.yaml"), String(configuration));
  return startDev({ loaded: await loadCollabDir(dir), port: 0 });
}
