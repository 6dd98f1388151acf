/** `dev status`, `dev stop`, `dev logs`: about a collab that runs on this machine. */
import { readFileSync } from "node:fs";
import { stopDev } from "../../dev/background.ts";
import { type DevState, devLogFile, findDev } from "../../dev/state.ts";
import { UserError, usageError } from "../../terminal/errors.ts";
import { shellWord } from "../../terminal/text.ts";
import type { Cli } from "../index.ts";

export function devStatus(dataDir: string, cli: Cli): void {
  const found = findDev(dataDir);
  if (found.state === "running") {
    reportDev(found.document, "running", dataDir, cli);
    return;
  }
  const text =
    found.state === "starting"
      ? `A local hub runs on ${dataDir} (pid ${found.pid}), and no collab answers on it yet.`
      : `No collab runs on ${dataDir}.`;
  cli.out.result({
    json: { running: false, state: found.state, data_dir: dataDir },
    agent: text,
    quiet: found.state,
  });
}

export async function devStop(dataDir: string, cli: Cli): Promise<void> {
  const stopped = await stopDev(dataDir);
  const text = stopped ? `Stopped. Everything is kept in ${dataDir}.` : `No collab ran on ${dataDir}.`;
  cli.out.result({ json: { stopped, data_dir: dataDir }, agent: text });
}

export function devLogs(dataDir: string, count: number, cli: Cli): void {
  if (!Number.isInteger(count) || count < 1) throw usageError("--lines takes a whole number above 0.");
  const file = devLogFile(dataDir);
  let text: string;
  try {
    text = readFileSync(file, "utf8").trimEnd();
  } catch {
    throw new UserError({
      code: "no_log",
      message: `There is no log ${file}.`,
      fix: "Only `agent-collab dev --background` keeps one.",
    });
  }
  const lines = text.split("\n").slice(-count);
  cli.out.result({ json: { file, lines }, agent: lines.join("\n"), quiet: lines.join("\n") });
}

/** Where a running collab is, with what to look at first. */
export function reportDev(document: DevState, state: string, dataDir: string, cli: Cli): void {
  const { hub, backend, pid } = document;
  const api = backend.url;
  cli.out.result({
    json: { ...document, running: true, state },
    agent: [
      `The collab is ${state} (pid ${pid}).`,
      `  board and API  ${api}`,
      `  OpenAPI        ${api}/openapi.json`,
      `  hub            ${hub.url}`,
      `  take part      export HF_ENDPOINT=${hub.url} HF_TOKEN=hf_local_ada`,
      "Look around:",
      `  curl -s ${api}/v1`,
      `  curl -s ${api}/v1/digest`,
      `  curl -s ${api}/v1/leaderboard`,
      `Stop: ${cli.programName} dev stop --data ${shellWord(dataDir)}`,
    ].join("\n"),
    quiet: api,
  });
}
