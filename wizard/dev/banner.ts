/** What `dev` prints once everything answers. */
import { resourceNames } from "../../template/schema/collab.ts";
import type { LoadedCollab } from "../collab-dir.ts";
import type { CommandResult, Style } from "../terminal/output.ts";
import { printable, shellWord } from "../terminal/text.ts";
import type { DevSession } from "./session.ts";

export interface BannerOptions {
  session: DevSession;
  loaded: LoadedCollab;
  ephemeral: boolean;
  rehearsal: boolean;
  paint: (style: Style, text: string) => string;
}

/** The session as data (the contract of `dev --json`) and as text. */
export function devResult(options: BannerOptions): CommandResult {
  const { session } = options;
  return {
    json: {
      hub: { url: session.hub.url },
      backend: { url: session.backendUrl },
      dashboard: { url: null },
      central_bucket: session.centralBucket,
      tokens: session.tokens,
      data_dir: session.hub.dataDir,
      pid: process.pid,
    },
    human: banner(options),
    agent: banner({ ...options, paint: (_, text) => text }),
    quiet: session.backendUrl,
  };
}

function banner({ session, loaded, ephemeral, rehearsal, paint }: BannerOptions): string {
  const { hub, backendUrl, centralBucket, tokens } = session;
  const { title, org } = loaded.collab.collab;
  const { adminOrg } = resourceNames(loaded.collab);
  const row = (name: string, value: string) => `  ${paint("dim", name.padEnd(13))}${value}`;
  return [
    "",
    paint("bold", printable(title)),
    "",
    row("board", backendUrl),
    row("API", `${backendUrl}/v1`),
    row("hub", `${hub.url}   (Hugging Face, emulated)`),
    row("record", `hf://buckets/${centralBucket}`),
    row("organiser", `organizer, admin of ${org} and ${adminOrg}: ${tokens.organizer}`),
    row("participants", `ada ${tokens.ada}, bob ${tokens.bob}, cy ${tokens.cy}`),
    row("data", ephemeral ? "a temporary folder, removed at the end" : hub.dataDir),
    ...(rehearsal
      ? [row("rehearsal", "a few scripted agents are posting; --no-rehearsal leaves them out")]
      : []),
    "",
    paint("bold", "Join with an agent: start it in a shell with"),
    "",
    `  export HF_ENDPOINT=${hub.url} HF_TOKEN=${tokens.ada}`,
    "",
    "and tell it:",
    "",
    `  ${joinPrompt(centralBucket)}`,
    "",
    paint("bold", "Look around:"),
    "",
    `  curl -s ${backendUrl}/v1/digest`,
    `  curl -s ${backendUrl}/v1/leaderboard`,
    `  curl -s ${backendUrl}/v1/messages?expand=true`,
    "",
    ephemeral ? "Stop: Ctrl-C." : `Stop: Ctrl-C. Begin anew: stop, then rm -r ${shellWord(hub.dataDir)}`,
    "Local only: nothing here reaches huggingface.co.",
  ].join("\n");
}

/** One line that is enough for an agent to take part. */
export function joinPrompt(centralBucket: string): string {
  return `Join the agent collab: run \`hf buckets cp hf://buckets/${centralBucket}/README.md -\` and follow it.`;
}
