/** The code of a Space as one JavaScript file. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../package-root.ts";

/** Options shared by the build of the package and the build on the fly, so that both give the same bytes. */
export const SPACE_BUNDLE = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  // Names stay, so that a stack trace in a Space's log can be read.
  minifyIdentifiers: false,
  keepNames: false,
  legalComments: "none",
  charset: "utf8",
  logLevel: "silent",
  // CommonJS packages in the bundle ask for Node's own modules by `require`.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
} as const;

/** Spaces whose code is part of the package. */
export const SHIPPED_SPACES = ["backend", "eval"] as const;
export type ShippedSpace = (typeof SHIPPED_SPACES)[number];

const FROM_SOURCE = import.meta.filename.endsWith(".ts");

/** The folder with a Space's own files: `template/spaces/…` in a clone, `dist/spaces/…` in the published package. */
export function spaceFolder(space: ShippedSpace): string {
  return join(packageRoot(), FROM_SOURCE ? "template/spaces" : "dist/spaces", space);
}

/**
 * `server.js` of a Space: prebuilt in the published package, built from `template/spaces/` when this runs
 * from TypeScript source.
 */
export async function spaceBundle(space: ShippedSpace): Promise<Uint8Array> {
  if (!FROM_SOURCE) return readFile(join(spaceFolder(space), "server.js"));
  const { buildSync } = await import("esbuild");
  // Synchronously: the asynchronous form leaves a service process running.
  const result = buildSync({
    ...SPACE_BUNDLE,
    absWorkingDir: packageRoot(),
    entryPoints: [`template/spaces/${space}/main.ts`],
    outfile: "server.js",
    write: false,
  });
  const file = result.outputFiles[0];
  if (!file) throw new Error(`no bundle of ${space} came out`);
  return file.contents;
}
