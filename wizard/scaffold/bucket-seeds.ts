/** The files of the central bucket that the organisers own, made from a collab directory. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BucketFile } from "../../template/hub/types.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import { packageRoot } from "../package-root.ts";
import { agentsReadme, agentsSkill } from "./agents-readme.ts";

/** As it lies here, so it lies in the bucket. */
const TRACE_CLIENT = "clients/share_trace.py";

export interface BucketSeed extends BucketFile {
  /** Later owned by the backend and the organisers: written only where it does not exist yet. */
  seedOnlyIfAbsent?: true;
}

export interface SeedContext {
  /** Where the backend answers, from the Hub; without a trailing slash. */
  backendUrl: string;
  /** The Hub's endpoint. */
  endpoint: string;
}

/**
 * README.md, SKILL.md and the trace client for agents, collab.yaml as it is, and an empty verification index.
 * Same input, same bytes.
 */
export async function bucketSeeds(loaded: LoadedCollab, context: SeedContext): Promise<BucketSeed[]> {
  const [readme, skill, shareTrace] = await Promise.all([
    bucketTemplate("README.md.hbs"),
    bucketTemplate("SKILL.md.hbs"),
    bucketTemplate(TRACE_CLIENT),
  ]);
  return [
    { path: "README.md", content: agentsReadme(readme, loaded, context), contentType: "text/markdown" },
    { path: "SKILL.md", content: agentsSkill(skill, loaded, context), contentType: "text/markdown" },
    { path: TRACE_CLIENT, content: shareTrace, contentType: "text/x-python" },
    { path: "collab.yaml", content: loaded.yaml, contentType: "application/yaml" },
    {
      path: "results/verification_status.json",
      content: "{}\n",
      contentType: "application/json",
      seedOnlyIfAbsent: true,
    },
  ];
}

function bucketTemplate(name: string): Promise<string> {
  return readFile(join(packageRoot(), "template/bucket", name), "utf8");
}
