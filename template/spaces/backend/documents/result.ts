/** A result as a file (api-v1.md 2.5). Its rules are in `result-rules.ts`. */
import type { FileChange } from "../record/types.ts";
import { serialiseDocument } from "./serialise.ts";
import { filenameStamp, frontmatterStamp, type Stamp } from "./stamp.ts";
import type { YamlMapping } from "./yaml-values.ts";

export interface BuiltDocument {
  filename: string;
  path: string;
  changes: FileChange[];
}

export interface ResultInput {
  agentId: string;
  frontmatter: YamlMapping;
  body: string;
  /** `run`: the server has filled in the numbers of a run. */
  via?: "bucket" | "run";
}

export function buildResult(
  { agentId, frontmatter, body, via = "bucket" }: ResultInput,
  stamp: Stamp,
): BuiltDocument {
  const stamped: YamlMapping = new Map(frontmatter);
  stamped.set("agent", agentId);
  stamped.set("timestamp", frontmatterStamp(stamp));
  stamped.set("via", via);
  const filename = `${filenameStamp(stamp)}_${agentId}.md`;
  const path = `results/${filename}`;
  return { filename, path, changes: [{ op: "put", path, text: serialiseDocument(stamped, body) }] };
}
