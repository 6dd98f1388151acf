/** The two kinds of failure: what the user can mend (`UserError`), and everything else, which is our bug. */

/** Exit codes, the same for every command and listed in every `--help`. */
export const EXIT = { done: 0, failed: 1, usage: 2, inputNeeded: 4, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface UserErrorDetails {
  /** Stable, `snake_case`; listed in docs/errors.md. */
  code: string;
  /** What happened, and to which thing. One sentence or a short list. */
  message: string;
  /** What to do next; best a command to run. */
  fix?: string;
  /** Default 1. */
  exitCode?: ExitCode;
  /** More for the JSON form: a list of problems, missing questions, … Never a secret. */
  data?: Record<string, unknown>;
  cause?: unknown;
}

/** A failure the user can understand and mend: printed without a stack (unless `--debug`). */
export class UserError extends Error {
  readonly code: string;
  readonly fix: string | undefined;
  readonly exitCode: ExitCode;
  readonly data: Record<string, unknown> | undefined;

  constructor(details: UserErrorDetails) {
    super(details.message, { cause: details.cause });
    this.name = "UserError";
    this.code = details.code;
    this.fix = details.fix;
    this.exitCode = details.exitCode ?? EXIT.failed;
    this.data = details.data;
  }
}

export interface ActionRequired extends Omit<UserErrorDetails, "exitCode"> {
  /** Stable, `snake_case`: what is missing. */
  reason: string;
  /** What to tell a person, with the address; default `fix`. */
  human?: string;
  /** What to run once that is done. */
  next: readonly { command: string; when: string }[];
}

/** Only a person can go on from here: exit 4, with what an agent relays to its human. */
export function actionRequired({ reason, human, next, ...details }: ActionRequired): UserError {
  const data = { status: "action_required", reason, human: human ?? details.fix ?? details.message, next };
  return new UserError({ ...details, exitCode: EXIT.inputNeeded, data: { ...details.data, ...data } });
}

/** The command line itself is wrong: exit 2. */
export function usageError(message: string, fix?: string): UserError {
  return new UserError({ code: "usage", message, fix, exitCode: EXIT.usage });
}

/** Somebody pressed Ctrl-C: exit 130. `message` says what exists now ("Nothing was created."). */
export function interrupted(message: string): UserError {
  return new UserError({ code: "interrupted", message, exitCode: EXIT.interrupted });
}

/** A command that ran another one and ends with its exit code; there is nothing to print. */
export class CommandEnded extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super(`the command ended with ${exitCode}`);
    this.name = "CommandEnded";
    this.exitCode = exitCode;
  }
}
