/**
 * Every command: its name, its one-line summary, and where its code is.
 *
 * A command is a file `wizard/commands/<name>.ts` that exports `register: RegisterCommand`. It declares its
 * arguments and options on the commander command it is given and sets an action. Only the file of the command
 * that was asked for is loaded, so its imports cost the others nothing.
 *
 *   export const register: RegisterCommand = (command, cli) => {
 *     command
 *       .argument("[dir]", "the collab directory", ".")
 *       .option("--strict", "warnings fail too")
 *       .addHelpText("after", "\nExample:\n  agent-collab check my-collab --strict")
 *       .action(async (dir: string, options: { strict?: boolean }) => {
 *         cli.out.result({ json: {...}, human: "..." });   // once; throws UserError if it cannot
 *       });
 *   };
 */
import type { Command } from "commander";
import type { Env } from "../terminal/detect.ts";
import type { Output } from "../terminal/output.ts";

/** What a command works with; nothing reads `process` itself. */
export interface Cli {
  out: Output;
  env: Env;
  cwd: string;
  stdin: NodeJS.ReadStream;
  stderr: NodeJS.WriteStream;
  /** May questions be asked? If not, a missing answer is `EXIT.inputNeeded`. */
  interactive: boolean;
  debug: boolean;
  /** Runs another command line with the same streams; resolves with its exit code. */
  run: (argv: readonly string[]) => Promise<number>;
  /** How this was started, for lines the reader copies: `agent-collab`, `npx create-agent-collab`, … */
  programName: string;
}

export type RegisterCommand = (command: Command, cli: Cli) => void;

export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<{ register: RegisterCommand }>;
}

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: "create",
    summary: "make a new collab in the folder dir, from questions, flags or an example",
    load: () => import("./create.ts"),
  },
  {
    name: "check",
    summary: "look for mistakes in a collab directory, offline",
    load: () => import("./check.ts"),
  },
  {
    name: "dev",
    summary: "run a collab on this machine, with a local hub",
    load: () => import("./dev.ts"),
  },
  {
    name: "deploy",
    summary: "bring a collab to the Hub, or up to date there",
    load: () => import("./deploy.ts"),
  },
  {
    name: "status",
    summary: "say what of a collab runs on the Hub, which version, and where",
    load: () => import("./status.ts"),
  },
  {
    name: "doctor",
    summary: "check a collab and its surroundings, with a fix for each failure",
    load: () => import("./doctor.ts"),
  },
  {
    name: "logs",
    summary: "print what the backend's Space said last",
    load: () => import("./logs.ts"),
  },
  {
    name: "open",
    summary: "open the board in a browser",
    load: () => import("./open.ts"),
  },
  {
    name: "pause",
    summary: "stop taking writes until resume; the board stays readable",
    load: () => import("./pause.ts"),
  },
  {
    name: "resume",
    summary: "take writes again",
    load: () => import("./resume.ts"),
  },
  {
    name: "close",
    summary: "end a collab: nothing can be written any more; lists what to run again",
    load: () => import("./close.ts"),
  },
  {
    name: "rotate-token",
    summary: "let the backend work with another token",
    load: () => import("./rotate-token.ts"),
  },
  {
    name: "export",
    summary: "download the whole record as files and as a data set",
    load: () => import("./export.ts"),
  },
  {
    name: "destroy",
    summary: "take a collab off the Hub",
    load: () => import("./destroy.ts"),
  },
  {
    name: "invite",
    summary: "the texts that bring agents and humans in",
    load: () => import("./invite.ts"),
  },
  {
    name: "judge",
    summary: "look at pending results and say whether they are valid",
    load: () => import("./judge.ts"),
  },
  {
    name: "hide",
    summary: "take the text of a message, note or result off the board, or bring it back",
    load: () => import("./hide.ts"),
  },
  {
    name: "broadcast",
    summary: "post a message to every inbox, as an organiser",
    load: () => import("./broadcast.ts"),
  },
  {
    name: "eject",
    summary: "take over the code of a Space, to change it",
    load: () => import("./eject.ts"),
  },
  {
    name: "hub",
    summary: "run the local hub: Hugging Face in a box, on this machine",
    load: () => import("./hub.ts"),
  },
  {
    name: "capabilities",
    summary: "everything this command line can do, as data",
    load: () => import("./capabilities.ts"),
  },
];
