/** A collab running on this machine, started the way a user starts it. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { delimiter, resolve } from "node:path";

/** The document `dev --json` prints once everything answers. */
export interface DevReady {
  schema_version: number;
  hub: { url: string };
  backend: { url: string };
  dashboard: { url: string | null };
  central_bucket: string;
  tokens: { organizer: string; ada: string; bob: string; cy: string };
  data_dir: string;
  pid: number;
}

const ROOT = resolve(import.meta.dirname, "../..");

/** The environment of a user's shell: this machine's own `node`, not the one in `node_modules`. */
function shellEnv(): NodeJS.ProcessEnv {
  const PATH = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !folder.includes("node_modules"))
    .join(delimiter);
  const env: NodeJS.ProcessEnv = { ...process.env, PATH };
  for (const key of Object.keys(env)) if (/^(npm_|VITEST|HF_|NODE_OPTIONS)/.test(key)) delete env[key];
  return env;
}

export class RunningCollab {
  readonly child: ChildProcess;
  readonly ready: DevReady;
  /** Everything printed on stdout, for checks of "exactly one JSON document". */
  readonly stdout: () => string;

  private constructor(child: ChildProcess, ready: DevReady, stdout: () => string) {
    this.child = child;
    this.ready = ready;
    this.stdout = stdout;
  }

  /** `npm start -- --json ARGS…`, or `npm run -s cli -- dev DIR --json ARGS…` for another collab. */
  static async start(options: { dir?: string; args?: readonly string[] } = {}): Promise<RunningCollab> {
    const command =
      options.dir === undefined ? ["-s", "start", "--"] : ["run", "-s", "cli", "--", "dev", options.dir];
    const args = [...command, "--json", "--port", "0", ...(options.args ?? ["--ephemeral"])];
    const child = spawn("npm", args, {
      cwd: ROOT,
      env: shellEnv(),
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    let stdout = "";
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const ready = await new Promise<DevReady>((done, failed) => {
      child.stdout?.setEncoding("utf8").on("data", (text: string) => {
        stdout += text;
        try {
          done(JSON.parse(stdout) as DevReady);
        } catch {
          // The document is not complete yet.
        }
      });
      child.on("error", failed);
      child.on("close", (code) =>
        failed(new Error(`npm ${args.join(" ")} ended with ${code}\n${stdout}\n${stderr}`)),
      );
    });
    return new RunningCollab(child, ready, () => stdout);
  }

  /** Ctrl-C in the terminal: the signal reaches npm and everything it started. Resolves with the exit code. */
  async interrupt(): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    const closed = once(this.child, "close");
    process.kill(-(this.child.pid as number), "SIGINT");
    const [code] = (await closed) as [number | null];
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt();
  }
}

/** Does something listen at `url`? */
export async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
