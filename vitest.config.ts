import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { defineConfig } from "vitest/config";

/**
 * Four projects, one command each:
 *  core     `npm test`              everything that needs only Node
 *  examples `npm run test:examples` the examples' own programs, which need Python
 *  clients  `npm run test:clients`  the real `hf` CLI against the local hub
 *  browser  `npm run test:browser`  pages in a real Chromium
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Most tests wait for processes and sockets: more files at once than there are cores is faster.
    maxWorkers: availableParallelism() + 2,
    // Real processes on a busy CI machine lose a race now and then; the report marks what needed its second try.
    retry: process.env.CI ? 1 : 0,
    // Hundreds of tests start our own programs from source: stripped of types and compiled once, not each time.
    env: { NODE_COMPILE_CACHE: resolve(import.meta.dirname, "node_modules/.cache/agent-collab-tests") },
    projects: [
      {
        extends: true,
        test: {
          name: "core",
          include: ["test/**/*.test.ts"],
          exclude: ["test/clients/**", "test/browser/**", "test/examples/**"],
        },
      },
      { extends: true, test: { name: "examples", include: ["test/examples/**/*.test.ts"] } },
      { extends: true, test: { name: "clients", include: ["test/clients/**/*.test.ts"] } },
      { extends: true, test: { name: "browser", include: ["test/browser/**/*.test.ts"] } },
    ],
  },
});
