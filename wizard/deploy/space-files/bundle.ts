/** The code of a Space: one JavaScript file a program. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { packageRoot } from "../../package-root.ts";
import type { SpaceFile } from "./files.ts";

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
 * Sources of the programs of a Space by their names: `server` is what its container starts, the others are
 * threads of it.
 */
export function spacePrograms(space: ShippedSpace): Record<string, string> {
  const source = (path: string) => `template/spaces/${space}/${path}`;
  const server = source("main.ts");
  return space === "backend" ? { server, "unpack-thread": source("record/unpack-thread.ts") } : { server };
}

/**
 * The programs of a Space, `server.js` among them: prebuilt in the published package, built from
 * `template/spaces/` when this runs from TypeScript source.
 */
export async function spaceBundle(space: ShippedSpace): Promise<SpaceFile[]> {
  const programs = spacePrograms(space);
  if (!FROM_SOURCE) {
    const paths = Object.keys(programs).map((name) => `${name}.js`);
    return Promise.all(
      paths.map(async (path) => ({ path, content: await readFile(join(spaceFolder(space), path)) })),
    );
  }
  const { buildSync } = await import("esbuild");
  // Synchronously: the asynchronous form leaves a service process running.
  const { outputFiles } = buildSync({
    ...SPACE_BUNDLE,
    absWorkingDir: packageRoot(),
    entryPoints: programs,
    outdir: ".",
    write: false,
  });
  return outputFiles.map(({ path, contents }) => ({ path: basename(path), content: contents }));
}
