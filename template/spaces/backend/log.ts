/**
 * Structured logs: one JSON object a line. Fields are chosen by the caller; tokens and keys never belong in them,
 * and are masked where somebody else's text, such as the Hub's account of a failure, has brought them along.
 */

export type LogLevel = "info" | "warn" | "error";

export type Log = (level: LogLevel, event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Writes to `stream`, standard output by default, where a Space's log is read. */
export function createLog(stream: { write(text: string): unknown } = process.stdout): Log {
  return (level, event, fields = {}) => {
    const line = { time: new Date().toISOString(), level, event, ...fields };
    stream.write(`${JSON.stringify(line, (_key, value) => loggable(value))}\n`);
  };
}

function loggable(value: unknown): unknown {
  if (typeof value === "string") return maskTokens(value);
  return value instanceof Error ? errorFields(value) : value;
}

export const silentLog: Log = () => {};

/** What an error may show in a log: its message and where it came from, its cause the same way. */
export function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return {
    name,
    message: maskTokens(message),
    stack: stack
      ?.split("\n")
      .slice(1, 6)
      .map((line) => line.trim()),
    ...(cause === undefined ? {} : { cause: errorFields(cause) }),
  };
}

/** Whatever looks like a Hugging Face token, an agent key or a session token. */
export function maskTokens(text: string): string {
  return text.replace(/\b(hf_local|hf_oauth|hf_jwt|hf|ack|acs)_[A-Za-z0-9._-]{3,}/g, "$1_***");
}
