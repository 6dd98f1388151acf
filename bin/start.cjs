/*
 * The gate in front of the real program, in JavaScript that any Node since version 14 can read: it checks the
 * version before code is loaded that an older one could not even parse.
 */
"use strict";
const { existsSync } = require("node:fs");
const { spawn } = require("node:child_process");
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

/** Runs the program in another Node: its streams, its exit code, and our signals passed on to it. */
function runIn(node, args) {
  const child = spawn(node, [programFile(), ...args], { stdio: "inherit" });
  // Ctrl-C in a terminal reaches both processes; ours only has to outlive the other.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`agent-collab could not start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(signal === "SIGINT" ? 130 : code === null ? 1 : code));
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Runs `agent-collab` with `args`, if need be in another Node. */
module.exports = function start(args) {
  if (isEnough(process.version)) {
    // What was compiled once is kept in the system's temporary folder: a quarter off the time to the first question.
    require("node:module").enableCompileCache();
    return import(pathToFileURL(programFile()).href).then((cli) => cli.main(args));
  }
  const node = ownNode();
  if (node) return runIn(node, args);
  return fail(
    `agent-collab needs Node.js ${NEEDED.join(".")} or newer; this is ${process.version}. Get it from https://nodejs.org, or run: nvm install 24`,
  );
};
