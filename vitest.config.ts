import { defineConfig } from "vitest/config";

/**
 * Three projects, one command each:
 *  core     `npm test`              everything that needs only Node
 *  clients  `npm run test:clients`  the real `hf` CLI against the local hub
 *  browser  `npm run test:browser`  pages in a real Chromium
 */
export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: "core",
          include: ["test/**/*.test.ts"],
          exclude: ["test/clients/**", "test/browser/**"],
        },
      },
      { extends: true, test: { name: "clients", include: ["test/clients/**/*.test.ts"] } },
      { extends: true, test: { name: "browser", include: ["test/browser/**/*.test.ts"] } },
    ],
  },
});
