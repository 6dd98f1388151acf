/** Everything that is committed to the backend Space. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Collab } from "../../../template/schema/collab.ts";
import type { LoadedCollab } from "../../collab-dir.ts";
import { oneLine, render } from "../../scaffold/render.ts";
import { spaceBundle, spaceFolder } from "./bundle.ts";
import { folderFiles, type SpaceFile, type SpaceFiles, withVersion } from "./files.ts";

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
export async function shippedBackendFiles(collab: Collab): Promise<SpaceFile[]> {
  const folder = spaceFolder("backend");
  const [dockerfile, readme, server] = await Promise.all([
    readFile(join(folder, "Dockerfile")),
    readFile(join(folder, "README.md.hbs"), "utf8"),
    spaceBundle("backend"),
  ]);
  return [
    { path: "Dockerfile", content: dockerfile },
    { path: "README.md", content: Buffer.from(renderReadme(readme, collab)) },
    { path: "server.js", content: server },
  ];
}

function renderReadme(template: string, { collab }: Collab): string {
  const title = `${oneLine(collab.title)} backend`;
  return render(template, { title, slug: collab.slug, org: collab.org });
}
