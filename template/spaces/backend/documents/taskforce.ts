/** README, notes and named files of a taskforce, as files (api-v1.md 2.5, 3.14). */
import { ApiError } from "../errors.ts";
import type { FileChange } from "../record/types.ts";
import { leafOf } from "./filenames.ts";
import { quoted } from "./naming.ts";
import { requireMarker, requirePath } from "./paths.ts";
import type { BuiltDocument } from "./result.ts";
import { serialiseDocument } from "./serialise.ts";
import { filenameStamp, frontmatterStamp, type Stamp } from "./stamp.ts";
import { mappingOf, type YamlMapping } from "./yaml-values.ts";

export type TaskforceVia = "bucket" | "raw";

export interface TaskforceReadmeInput {
  name: string;
  agentId: string;
  via: TaskforceVia;
  /** Empty for a raw post. */
  frontmatter: YamlMapping;
  body: string;
  /** Of the README that exists; `null` creates the taskforce. */
  existing: { creator: string; created: string } | null;
}

export function buildTaskforceReadme(input: TaskforceReadmeInput, stamp: Stamp): BuiltDocument {
  const { name, agentId, via, existing } = input;
  const now = frontmatterStamp(stamp);
  const frontmatter: YamlMapping = new Map(input.frontmatter);
  frontmatter.set("taskforce", name);
  frontmatter.set("creator", existing?.creator ?? agentId);
  frontmatter.set("created", existing?.created ?? now);
  if (existing) frontmatter.set("updated", now);
  frontmatter.set("via", via);
  const path = `taskforces/${name}/README.md`;
  return {
    filename: "README.md",
    path,
    changes: [{ op: "put", path, text: serialiseDocument(frontmatter, input.body) }],
  };
}

export interface TaskforceNoteInput {
  name: string;
  agentId: string;
  via: TaskforceVia;
  /** The source file's; empty for a raw note. */
  frontmatter: YamlMapping;
  /** `type` of a raw note. */
  type?: string | null;
  body: string;
}

export function buildTaskforceNote(input: TaskforceNoteInput, stamp: Stamp): BuiltDocument {
  const { name, agentId, via, body } = input;
  const frontmatter: YamlMapping =
    via === "raw" ? mappingOf({ type: input.type || "note" }) : new Map(input.frontmatter);
  if (!frontmatter.has("type")) frontmatter.set("type", "note");
  frontmatter.set("agent", agentId);
  frontmatter.set("timestamp", frontmatterStamp(stamp));
  frontmatter.set("via", via);
  frontmatter.set("taskforce", name);
  const filename = `${filenameStamp(stamp)}_${agentId}.md`;
  const path = `taskforces/${name}/${filename}`;
  return { filename, path, changes: [{ op: "put", path, text: serialiseDocument(frontmatter, body) }] };
}

/** The name of a note: a named file must not look like one, or its author could be forged. */
const NOTE_NAME = /^[0-9]{8}-[0-9]{6}-[0-9]{3}_/;

/** Checks the destination of a named file, in the order of api-v1.md 3.14. Throws 400 INVALID_PATH. */
export function requireTaskforceFilePath(
  destPath: string,
  agentId: string,
  isRegistered: (agentId: string) => boolean,
): string {
  requirePath(destPath, "dest_path");
  if (destPath.endsWith("/")) {
    throw new ApiError("INVALID_PATH", `The dest_path ${quoted(destPath)} must name a file, not a folder.`);
  }
  const leaf = leafOf(destPath);
  if (leaf.toLowerCase() === "readme.md") {
    throw new ApiError("INVALID_PATH", "A taskforce's README.md is written with POST /v1/taskforces.");
  }
  if (NOTE_NAME.test(leaf)) {
    throw new ApiError(
      "INVALID_PATH",
      `The name ${quoted(leaf)} is that of a note, which only the server stamps.`,
      {
        hint: `Leave out dest_path to write a note, or use a name such as plots/curve_${agentId}.png`,
      },
    );
  }
  requireMarker(destPath, agentId, isRegistered);
  return destPath;
}

/** A named file is stored by its content hash, unchanged. */
export function buildTaskforceFile(input: {
  name: string;
  destPath: string;
  size: number;
  xetHash: string;
  /** The scratch bucket it comes from. */
  bucket: string;
}): BuiltDocument {
  const path = `taskforces/${input.name}/${input.destPath}`;
  const change: FileChange = {
    op: "copy",
    path,
    size: input.size,
    xetHash: input.xetHash,
    source: { type: "bucket", id: input.bucket },
  };
  return { filename: input.destPath, path, changes: [change] };
}
