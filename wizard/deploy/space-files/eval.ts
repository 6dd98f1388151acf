/** Everything that is committed to the eval Space: the loop of the package, and the organisers' evaluator. */
import { join } from "node:path";
import type { Collab } from "../../../template/schema/collab.ts";
import type { LoadedCollab } from "../../collab-dir.ts";
import { folderFiles, type SpaceFile, type SpaceFiles, withVersion } from "./files.ts";
import { shippedFiles } from "./shipped.ts";

/** A folder of the collab that takes the place of the eval Space's own code. */
const OWN_EVAL_FOLDER = "spaces/eval";

/** The files are read here, once; their version depends on the Space's variables too, which come later. */
export async function evalFiles(
  { dir, collab, yaml }: LoadedCollab,
  evaluator: readonly SpaceFile[],
): Promise<(variables: Record<string, string>) => SpaceFiles> {
  const code = (await folderFiles(join(dir, OWN_EVAL_FOLDER))) ?? (await shippedEvalFiles(collab));
  const distinct = new Map([...code, ...evaluator].map((file) => [file.path, file]));
  distinct.set("collab.yaml", { path: "collab.yaml", content: Buffer.from(yaml) });
  return (variables) => withVersion(collab.collab.slug, [...distinct.values()], variables);
}

/** The code of the package: what a folder `spaces/eval` of a collab takes the place of. */
export const shippedEvalFiles = (collab: Collab) => shippedFiles("eval", collab);
