/*
 * The gate in front of the real program, in JavaScript that any Node since version 12 can read: it checks the
 * version before code is loaded that an older one could not even parse.
 */
"use strict";
const { existsSync } = require("node:fs");
const { spawnSync } = require("node:child_process");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const NEEDED = [24, 11];

/** "v24.11.1" is enough for 24.11. */
function isEnough(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** A Node that `npm ci` brought along in a clone (devDependency `node`). */
function ownNode() {
  const file = join(
    __dirname,
    "..",
    "node_modules",
    "node",
    "bin",
    process.platform === "win32" ? "node.exe" : "node",
  );
  return existsSync(file) ? file : undefined;
}

/** Built in a package; in a clone without a build, the source, which Node runs as it is. */
function programFile() {
  const built = join(__dirname, "..", "dist", "cli.js");
  const source = join(__dirname, "..", "wizard", "cli.ts");
  return existsSync(source) ? source : built;
}

/** Runs `agent-collab` with `args`, if need be in another Node. */
module.exports = function start(args) {
  const version = process.env.AGENT_COLLAB_TEST_NODE_VERSION || process.version;
  if (isEnough(version)) {
    process.argv = [process.argv[0], programFile(), ...args];
    return import(pathToFileURL(programFile()).href).then((cli) => cli.main(args));
  }
  const node = process.env.AGENT_COLLAB_TEST_NODE_VERSION ? undefined : ownNode();
  if (node) {
    const child = spawnSync(node, [programFile(), ...args], { stdio: "inherit" });
    process.exit(child.status === null ? 1 : child.status);
  }
  console.error(
    `agent-collab needs Node.js ${NEEDED.join(".")} or newer; this is ${version}. Get it from https://nodejs.org or with \`nvm install 24\`.`,
  );
  process.exit(1);
};
