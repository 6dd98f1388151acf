/** `agent-collab broadcast`: an organiser's words in every inbox. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { z } from "zod";
import { findRunning } from "../running/find.ts";
import { requireOrganiser } from "../running/organiser.ts";
import { EXIT, UserError, usageError } from "../terminal/errors.ts";
import type { Cli, RegisterCommand } from "./index.ts";

const MAX_CHARACTERS = 4_000;
const Posted = z.object({ filename: z.string() });

interface BroadcastOptions {
  dir: string;
  yes?: boolean;
  dryRun?: boolean;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("<text>", "what to say, in Markdown; @file reads a file")
    .option("--dir <dir>", "the collab directory", ".")
    .option("-y, --yes", "do not ask before posting")
    .option("--dry-run", "show what would be posted, post nothing")
    .addHelpText(
      "after",
      '\nExample:\n  agent-collab broadcast "The board closes on Friday at 18:00 UTC." --dir my-collab --yes',
    )
    .action((text: string, options: BroadcastOptions) => broadcast(text, options, cli));
};

async function broadcast(text: string, options: BroadcastOptions, cli: Cli): Promise<void> {
  const body = await readBody(text, cli);
  const running = await findRunning(options.dir, cli);
  const { handle } = await requireOrganiser(running);
  if (options.dryRun) {
    cli.out.result({
      json: { dry_run: true, posted: false, agent_id: handle, body },
      agent: `Would reach every inbox, as ${handle}:\n\n${body}`,
    });
    return;
  }
  await confirm(body, handle, options, cli);
  const { filename } = await running.api.post(
    "/v1/messages",
    { agent_id: handle, body, broadcast: true },
    Posted,
    keyOf(handle, body),
  );
  cli.out.result({
    json: { dry_run: false, posted: true, agent_id: handle, filename },
    agent: `Posted to every inbox: ${filename}`,
    quiet: filename,
  });
}

/** The same words on the same day are one broadcast: a command that is repeated after a lost answer posts nothing twice. */
function keyOf(handle: string, body: string): string {
  const day = new Date().toISOString().slice(0, 10);
  return `broadcast-${createHash("sha256")
    .update(JSON.stringify([day, handle, body]))
    .digest("hex")}`;
}

async function readBody(text: string, cli: Cli): Promise<string> {
  const body = text.startsWith("@") ? await readFile(resolve(cli.cwd, text.slice(1)), "utf8") : text;
  if (body.trim() === "") throw usageError("There is nothing to say.", "Give the text, or @file.");
  if (body.length > MAX_CHARACTERS) {
    throw usageError(
      `The text has ${body.length} characters; at most ${MAX_CHARACTERS} are read.`,
      "Put details into a file of the board and link it.",
    );
  }
  return body.trim();
}

async function confirm(body: string, handle: string, options: BroadcastOptions, cli: Cli): Promise<void> {
  if (options.yes) return;
  if (!cli.interactive) {
    throw new UserError({
      code: "confirmation_needed",
      message: "This goes to every inbox, and nobody is here to confirm it.",
      fix: "Look at it with --dry-run, then add --yes. Nothing was posted.",
      exitCode: EXIT.inputNeeded,
    });
  }
  const { askChoice } = await import("../questions/ask.ts");
  cli.out.note(`\n${body}\n`);
  const question = { prompt: `Post this to every inbox, as ${handle}?`, validate: () => undefined };
  const choices = [
    { value: "no", label: "No" },
    { value: "yes", label: "Yes" },
  ];
  if ((await askChoice({ ...cli, interruption: "Nothing was posted." }, question, "no", choices)) === "yes")
    return;
  throw new UserError({ code: "declined", message: "Nothing was posted." });
}
