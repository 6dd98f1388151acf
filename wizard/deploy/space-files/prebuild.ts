/** Part of `npm run build`: what `shippedFiles` reads in the published package. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";
import { SHIPPED_SPACES, spaceBundle, spaceFolder } from "./bundle.ts";

for (const space of SHIPPED_SPACES) {
  const target = join(packageRoot(), "dist/spaces", space);
  await mkdir(target, { recursive: true });
  for (const { path, content } of await spaceBundle(space)) await writeFile(join(target, path), content);
  for (const name of ["Dockerfile", "README.md.hbs"]) {
    await cp(join(spaceFolder(space), name), join(target, name));
  }
}
