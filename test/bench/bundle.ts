/** The backend Space as it is shipped: bundled, without types to strip. */
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { SPACE_BUNDLE, spacePrograms } from "../../wizard/deploy/space-files/bundle.ts";

/** Builds it into `folder`. @returns the program, for `BackendProcess` */
export function bundleBackend(folder: string): string {
  buildSync({
    ...SPACE_BUNDLE,
    absWorkingDir: resolve(import.meta.dirname, "../.."),
    entryPoints: spacePrograms("backend"),
    outdir: folder,
    outExtension: { ".js": ".mjs" },
  });
  return join(folder, "server.mjs");
}
