/** Everything that is committed to the backend Space. */
import { join } from "node:path";
import type { Collab } from "../../../template/schema/collab.ts";
import type { LoadedCollab } from "../../collab-dir.ts";
import { folderFiles, type SpaceFiles, withVersion } from "./files.ts";
import { shippedFiles } from "./shipped.ts";

/** A folder of the collab that takes the place of the backend's own code. */
export const OWN_BACKEND_FOLDER = "spaces/backend";

export async function backendFiles(
  { dir, collab, yaml }: LoadedCollab,
  variables: Record<string, string>,
): Promise<SpaceFiles> {
  const code = (await folderFiles(join(dir, OWN_BACKEND_FOLDER))) ?? (await shippedBackendFiles(collab));
  const distinct = new Map(code.map((file) => [file.path, file]));
  distinct.set("collab.yaml", { path: "collab.yaml", content: Buffer.from(yaml) });
  return withVersion(collab.collab.slug, [...distinct.values()], variables);
}

/** The code of the package: what a folder `spaces/backend` of a collab takes the place of. */
export const shippedBackendFiles = (collab: Collab) => shippedFiles("backend", collab);
