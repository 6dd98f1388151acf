import { defineConfig } from "tsup";

/** The published package: the command line in `dist/`, and the code of the Spaces in `dist/spaces/`. */
export default defineConfig({
  entry: { cli: "wizard/cli.ts" },
  format: "esm",
  platform: "node",
  target: "node24",
  // One chunk a command: only the one that is asked for is loaded.
  splitting: true,
  // `sqlite` without `node:` is another package.
  removeNodeProtocol: false,
  clean: true,
  sourcemap: false,
  dts: false,
  // Used from source only, where devDependencies are installed.
  external: ["esbuild"],
  onSuccess: "node wizard/deploy/space-files/prebuild.ts",
});
