/** Large files to and from the local hub, next to a plain copy of the same bytes on the same disk. */
import { execFile } from "node:child_process";
import { createWriteStream, openAsBlob } from "node:fs";
import { copyFile, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createRepo, downloadFile, uploadFile } from "@huggingface/hub";
import { hfCliPath } from "../support/hf-cli.ts";
import { type Bench, type Row, rate, timed } from "./bench.ts";
import { startHubProcess } from "./hub-process.ts";
import { writeMixedFile } from "./mixed-file.ts";

const repo = { type: "bucket" as const, name: "ada/bench" };

export const bench: Bench = {
  name: "local-hub-transfer",
  async run({ short }) {
    const bytes = (short ? 24 : 512) * 1_000_000;
    const folder = await mkdtemp(join(tmpdir(), "hub-bench-"));
    try {
      const file = join(folder, "original");
      await writeMixedFile(file, bytes);
      const rows: Row[] = [];
      const add: Add = (measure, ms, note) =>
        rows.push({ measure, value: rate(bytes, ms), unit: "MB/s", ...(note === undefined ? {} : { note }) });

      add("plain copy, made durable", await timed(() => durableCopy(file, join(folder, "copy"))));
      await withHub(async (hub) => {
        const as = { hubUrl: hub.url, accessToken: "hf_local_ada" };
        await createRepo({ ...as, repo });
        const content = await openAsBlob(file);
        add(
          "upload with @huggingface/hub",
          await timed(() => uploadFile({ ...as, repo, file: { path: "f", content } })),
          "chunking, hashing and compression are the client's",
        );
        add("download with @huggingface/hub", await timed(() => downloadTo(as, join(folder, "down"))));
        add(
          "download with GET (server puts it together)",
          await timed(() => getTo(hub.url, join(folder, "got"))),
        );
        rows.push({ measure: "memory of the hub, at most", value: hub.memory().peak, unit: "MB" });
      });
      const hf = installedHf();
      if (hf !== null) await withHub((hub) => measureHf(hf, hub.url, folder, add));
      return rows;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

type Add = (measure: string, ms: number, note?: string) => void;

async function measureHf(program: string, url: string, folder: string, add: Add): Promise<void> {
  const env = { ...process.env, HF_HOME: join(folder, "home"), HF_ENDPOINT: url, HF_TOKEN: "hf_local_ada" };
  const hf = (...args: string[]) => promisify(execFile)(program, ["buckets", ...args], { env });
  await hf("create", "ada/bench");
  const remote = "hf://buckets/ada/bench/f";
  const startup = await timed(() => hf("info", "ada/bench"));
  const note = `the start of Python, ${startup.toFixed(0)} ms, included`;
  add("upload with hf", await timed(() => hf("cp", join(folder, "original"), remote)), note);
  add("download with hf", await timed(() => hf("cp", remote, join(folder, "hf-down"))), note);
}

/** `null`, and a word about it, where there is no `hf`: the other figures do not need it. */
function installedHf(): string | null {
  try {
    return hfCliPath();
  } catch (error) {
    process.stderr.write(`without figures of hf: ${(error as Error).message}\n`);
    return null;
  }
}

async function withHub(work: (hub: Awaited<ReturnType<typeof startHubProcess>>) => Promise<void>) {
  await using hub = await startHubProcess();
  await work(hub);
}

async function durableCopy(from: string, to: string): Promise<void> {
  await copyFile(from, to);
  const handle = await open(to, "r+");
  await handle.sync();
  await handle.close();
}

async function downloadTo(as: { hubUrl: string; accessToken: string }, path: string): Promise<void> {
  const blob = await downloadFile({ ...as, repo, path: "f" });
  if (blob === null) throw new Error("the file that was uploaded is not there");
  await pipeline(blob.stream(), createWriteStream(path));
}

async function getTo(url: string, path: string): Promise<void> {
  const headers = { Authorization: "Bearer hf_local_ada" };
  const response = await fetch(`${url}/buckets/ada/bench/resolve/f`, { headers });
  if (!response.ok || response.body === null) throw new Error(`the hub answered ${response.status}`);
  await pipeline(response.body, createWriteStream(path));
}
