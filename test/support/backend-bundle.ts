/** The backend Space as it is shipped: bundled, without types to strip, which makes it start twice as fast. */
import { join, resolve } from "node:path";
import { buildSync } from "esbuild";
import { SPACE_BUNDLE, spacePrograms } from "../../wizard/deploy/space-files/bundle.ts";

/** Builds it into `folder`; `main`: another source of its main program. @returns that program, for `BackendProcess` */
export function bundleBackend(folder: string, main?: string): string {
  const programs = spacePrograms("backend");
  buildSync({
    ...SPACE_BUNDLE,
    absWorkingDir: resolve(import.meta.dirname, "../.."),
    entryPoints: main === undefined ? programs : { ...programs, server: main },
    outdir: folder,
    outExtension: { ".js": ".mjs" },
  });
  return join(folder, "server.mjs");
}
