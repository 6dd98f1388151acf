/** Part of `npm run build`: what `backendFiles` reads in the published package. */
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";
import { spaceBundle, spaceFolder } from "./bundle.ts";

const target = join(packageRoot(), "dist/spaces/backend");
await mkdir(target, { recursive: true });
await writeFile(join(target, "server.js"), await spaceBundle("backend"));
for (const name of ["Dockerfile", "README.md.hbs"]) {
  await cp(join(spaceFolder("backend"), name), join(target, name));
}
