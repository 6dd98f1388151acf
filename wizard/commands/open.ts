/** `agent-collab open`: the board in a browser; without a person there, its address. */
import { spawn } from "node:child_process";
import { findRunning } from "../running/find.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--print", "only print the address")
    .addHelpText("after", "\nExample:\n  agent-collab open my-collab --print")
    .action((dir: string, { print = false }: { print?: boolean }) => open(dir, print, cli));
};

async function open(dir: string, print: boolean, cli: Cli): Promise<void> {
  const { api } = await findRunning(dir, cli);
  const opened = !print && cli.interactive && cli.out.mode === "human" && (await openInBrowser(api.url));
  cli.out.result({ json: { url: api.url, opened }, agent: api.url, quiet: api.url });
}

const OPENERS: Partial<Record<NodeJS.Platform, [string, ...string[]]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** `false` if this machine has no way to. */
function openInBrowser(url: string): Promise<boolean> {
  const [program, ...args] = OPENERS[process.platform] ?? ["xdg-open"];
  return new Promise((resolve) => {
    const child = spawn(program, [...args, url], { stdio: "ignore", detached: true });
    child.once("error", () => resolve(false));
    child.once("spawn", () => {
      child.unref();
      resolve(true);
    });
  });
}
