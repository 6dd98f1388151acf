/** What a person waits for: the first question, the directory, the collab that answers. All with the built package. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdir, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { Terminal } from "../support/terminal.ts";
import { WorkFolder } from "../support/work-folder.ts";
import { type Bench, median, type Row, timed } from "./bench.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Nothing is asked of the Hub before the first question; should it ever be, it shows. */
const OFFLINE = { HF_ENDPOINT: "http://127.0.0.1:1" };
const ANSWERS = ["--yes", "--title=Benchmark", "--org=demo", "--admin-org=demo-admin"];

export const bench: Bench = {
  name: "wizard",
  async run({ short }) {
    await using work = await WorkFolder.create();
    const bin = join(await unpack(work.path), "bin/create-agent-collab.js");
    const agentCollab = join(work.path, "package/bin/agent-collab.js");
    const rows: Row[] = [];
    const add = (measure: string, note: string, ms: readonly number[]) =>
      rows.push({ measure, value: median(ms), unit: "ms", note });
    const repeat = async (work: (n: number) => Promise<unknown>) => {
      const ms: number[] = [];
      for (let n = 0; n < (short ? 2 : 9); n++) ms.push(await timed(() => work(n)));
      return ms;
    };

    add("bare node, which does nothing", "to compare with", await repeat(() => run(work.path, ["-e", "0"])));
    const ask = async (n: number) => {
      await using terminal = new Terminal([`asked-${n}`], { cwd: work.path, env: OFFLINE, program: bin });
      await terminal.waitFor(/How do you want to start/);
    };
    add("start to first question", "goal: under 300 ms", await repeat(ask));
    const create = (n: number) => run(work.path, [bin, `made-${n}`, ...ANSWERS]);
    add("create", "goal: under 1,000 ms", await repeat(create));

    const first: number[] = [];
    const second: number[] = [];
    for (let n = 0; n < (short ? 1 : 5); n++) {
      await using hub = await startLocalHub();
      const env = { HF_ENDPOINT: hub.url, HF_TOKEN: "hf_local_organizer" };
      for (const times of [first, second]) {
        times.push(await timed(() => run(work.path, [agentCollab, "deploy", "made-0", "--yes"], env)));
      }
    }
    add("deploy to a local hub until it is healthy", "goal: under 10,000 ms", first);
    add("second deploy, nothing to do", "goal: under 3,000 ms", second);
    return rows;
  },
};

/** The package as it is published, with its dependencies beside it. */
async function unpack(folder: string): Promise<string> {
  const options = { cwd: ROOT, encoding: "utf8" } as const;
  const packed = spawnSync("npm", ["pack", "--pack-destination", folder, "--loglevel=error"], options);
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz"));
  if (!tarball) throw new Error(`npm pack made nothing: ${packed.stderr}`);
  spawnSync("tar", ["xzf", tarball], { cwd: folder });
  await symlink(join(ROOT, "node_modules"), join(folder, "package/node_modules"));
  return join(folder, "package");
}

async function run(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<void> {
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`node ${args.join(" ")} ended with ${code}\n${output}`);
}
