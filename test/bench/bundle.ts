/** The backend Space as it is shipped: one file, without types to strip. */
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { SPACE_BUNDLE } from "../../wizard/deploy/space-files/bundle.ts";

/** Builds it into `folder`. @returns the program, for `BackendProcess` */
export function bundleBackend(folder: string): string {
  const outfile = join(folder, "server.mjs");
  buildSync({
    ...SPACE_BUNDLE,
    absWorkingDir: resolve(import.meta.dirname, "../.."),
    entryPoints: ["template/spaces/backend/main.ts"],
    outfile,
  });
  return outfile;
}
