/** The code of a Space as the package ships it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Collab } from "../../../template/schema/collab.ts";
import { oneLine, render } from "../../scaffold/render.ts";
import { type ShippedSpace, spaceBundle, spaceFolder } from "./bundle.ts";
import type { SpaceFile } from "./files.ts";

/** Its container, its card with the collab's names, and its code. */
export async function shippedFiles(space: ShippedSpace, { collab }: Collab): Promise<SpaceFile[]> {
  const folder = spaceFolder(space);
  const [dockerfile, readme, programs] = await Promise.all([
    readFile(join(folder, "Dockerfile")),
    readFile(join(folder, "README.md.hbs"), "utf8"),
    spaceBundle(space),
  ]);
  const title = `${oneLine(collab.title)} ${space}`;
  const card = render(readme, { title, slug: collab.slug, org: collab.org });
  return [
    { path: "Dockerfile", content: dockerfile },
    { path: "README.md", content: Buffer.from(card) },
    ...programs,
  ];
}
