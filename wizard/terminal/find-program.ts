/** Programs on the search path. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { Env } from "./detect.ts";

/** What Windows runs without its ending being typed. */
const ENDINGS = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];

/** The file that `name` would run, `undefined` if there is none. */
export function findProgram(name: string, { PATH = "" }: Env): string | undefined {
  return PATH.split(delimiter)
    .filter((folder) => folder !== "")
    .flatMap((folder) => ENDINGS.map((ending) => join(folder, name + ending)))
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
