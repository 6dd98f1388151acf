/** Typing a long answer in the user's own editor. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Env } from "../terminal/detect.ts";
import { UserError } from "../terminal/errors.ts";
import { findProgram } from "../terminal/find-program.ts";

/** Looked for where neither `VISUAL` nor `EDITOR` is set; the first is the one that explains itself. */
const USUAL_EDITORS = ["nano", "vim", "vi"];

/** The editor of `VISUAL` or `EDITOR`, else a usual one that is installed; `undefined` if there is none. */
export function editorCommand(env: Env): string | undefined {
  return env.VISUAL || env.EDITOR || USUAL_EDITORS.find((name) => findProgram(name, env));
}

/** Opens `text` in the editor and returns what was saved. Lines starting with `<!--` are ours and are dropped. */
export function edit(text: string, hint: string, env: Env): string {
  const command = editorCommand(env);
  if (command === undefined) {
    throw new UserError({
      code: "no_editor",
      message: "No editor is set.",
      fix: "Set EDITOR, for example: export EDITOR=nano",
    });
  }
  const folder = mkdtempSync(join(tmpdir(), "agent-collab-edit-"));
  try {
    const file = join(folder, "answer.md");
    writeFileSync(file, `<!-- ${hint} -->\n${text}\n`);
    // EDITOR may hold arguments (`code --wait`), which is why a shell reads it; the file name is ours.
    const { status, error } = spawnSync(`${command} "${file}"`, { shell: true, stdio: "inherit" });
    if (error || status !== 0) {
      throw new UserError({
        code: "editor_failed",
        message: `The editor ${command} ended with ${error?.message ?? `exit code ${status}`}.`,
        fix: "Type the text here, take a file with @file, or set EDITOR to another editor.",
      });
    }
    const saved = readFileSync(file, "utf8");
    return saved
      .split("\n")
      .filter((line) => !line.startsWith("<!--"))
      .join("\n")
      .trim();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
