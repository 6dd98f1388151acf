import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Bench, HARNESS, type Summary } from "../support/gemma.ts";
import { evaluate, requirePython } from "../support/python.ts";

beforeAll(requirePython);

/** What the stub printed about one of its targets. */
function seen(log: string, target: string): string {
  const line = log.split("\n").find((text) => text.startsWith(`snoop ${target}: `));
  return line?.slice(`snoop ${target}: `.length) ?? "(nothing)";
}

/*
 * What can be enforced depends on the machine: root or not, and what its container allows. So each part is held
 * to what the summary claims: enforced means that trying fails, anything else must say why.
 */
describe("a server that looks around", () => {
  it("finds closed whatever the summary says is enforced, and no secret", async () => {
    await using outside = createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(outside, "listening");
    const address = `127.0.0.1:${(outside.address() as AddressInfo).port}`;
    await using bench = await Bench.create();
    const gates = join(HARNESS, "gates.json");
    await bench.stub({ STUB_SNOOP: [gates, bench.state, address].join(",") });
    const { summary } = await bench.run([], { HF_TOKEN: "hf_should_stay_here", MY_SECRET: "too" });
    expect(summary.status).toBe("completed");
    const log = await bench.output("server.log");
    const { user, files, network } = summary.isolation;

    if (files?.enforced) {
      expect(seen(log, gates)).toMatch(/Error$/);
      expect(seen(log, bench.state)).toMatch(/Error$/);
    } else expect(files?.why).toBeTruthy();

    if (network?.enforced) expect(seen(log, address)).toMatch(/Error$/);
    else expect(network?.why).toBeTruthy();

    if (user?.enforced) expect(log).not.toContain(`snoop uid ${process.getuid?.()},`);
    else expect(user?.why).toBeTruthy();

    expect(log).toContain("secrets []");
  });

  it("is not started where a required part cannot be enforced, and that is nobody's fault", async () => {
    await using bench = await (await Bench.create()).stub();
    const required = ["user", "files", "network"].flatMap((part) => ["--require", part]);
    const { code, summary } = await bench.run(required);
    const missing = ["user", "files", "network"].filter((part) => !summary.isolation[part]?.enforced);
    if (missing.length === 0) expect(summary.status).toBe("completed");
    else {
      expect(code).toBe(12);
      expect(summary.failure).toMatchObject({ kind: "infra_error", reason_code: "isolation_unavailable" });
      expect(missing.some((part) => summary.failure?.message.includes(`${part}: `))).toBe(true);
    }
  });
});

describe("what a run requires", () => {
  it("includes hidden files as soon as real private data is there", async () => {
    const code = [
      "from gemma_harness.settings import *",
      "from gemma_harness.profiles import DRY, FULL",
      "result = [requirements(*case) for case in (([], FULL, True), ([], FULL, False), ([], DRY, True),",
      "          (['network', 'files'], FULL, True))]",
    ].join("\n");
    expect(await evaluate(HARNESS, code)).toEqual([["files"], [], [], ["files", "network"]]);
  });

  it("is refused with the reason why it cannot be had", async () => {
    const code = [
      "from gemma_harness.isolation.confined import *",
      "confinement = Confinement(None, [], 'python3', ('files',), {'files': {'enforced': False, 'why': 'too old'}})",
      "try: confinement.check_required('user', 'files'); result = None",
      "except HarnessFailure as failure: result = [failure.kind, str(failure)]",
    ].join("\n");
    expect(await evaluate(HARNESS, code)).toEqual([
      "infra_error",
      "isolation_unavailable: Required and not enforced: files: too old.",
    ]);
  });
});

/** Root without the right to make namespaces, as in most containers; needs `setpriv` and a root to start from. */
const canDropRights =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  spawnSync("setpriv", ["--bounding-set", "-sys_admin", "true"]).status === 0;

describe.runIf(canDropRights)("in a container without the right to mount", () => {
  it("the files are closed by Landlock or the summary says why not, and the network is said to be open", async () => {
    await using bench = await Bench.create();
    const gates = join(HARNESS, "gates.json");
    await bench.stub({ STUB_SNOOP: gates });
    const args = ["--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin", "python3", "-B"];
    const paths = ["--submission-dir", bench.submission, "--state-dir", bench.state];
    const harness = [join(HARNESS, "run.py"), ...paths, "--profile", "dry"];
    const child = spawn("setpriv", [...args, ...harness], { stdio: "ignore" });
    expect(await once(child, "close")).toEqual([0, null]);
    const { isolation } = JSON.parse(await bench.output("summary.json")) as Summary;
    expect(isolation.network).toMatchObject({
      enforced: false,
      why: expect.stringContaining("not permitted"),
    });
    if (isolation.files?.enforced) {
      expect(isolation.files.by).toBe("landlock");
      expect(seen(await bench.output("server.log"), gates)).toBe("PermissionError");
    } else expect(isolation.files?.why).toContain("landlock: ");
  });
});

describe("after a run", () => {
  it("no process of the submission is left, not even one that left its group", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_FAULTS: "leave-orphan" });
    await bench.run();
    const pid = Number(/orphan (\d+)/.exec(await bench.output("server.log"))?.[1]);
    expect(pid).toBeGreaterThan(0);
    // Only Linux lets the harness find a process that has left; elsewhere it ends by itself.
    if (process.platform === "linux") expect(() => process.kill(pid, 0)).toThrow();
  });

  it("nothing is left in the scratch space", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_EXIT_CODE: "1" });
    const scratch = join(bench.root, "scratch");
    await mkdir(scratch);
    await bench.run(["--work-dir", scratch]);
    expect(await readdir(scratch)).toEqual([]);
  });
});

describe("a run that is stopped from outside", () => {
  it("stops the server and leaves a summary that says canceled", async () => {
    await using bench = await (await Bench.create()).stub({ STUB_READY: "silent" });
    const args = ["--submission-dir", bench.submission, "--state-dir", bench.state, "--profile", "dry"];
    const child = spawn("python3", ["-B", join(HARNESS, "run.py"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (text.includes("stub: ")) child.kill("SIGTERM");
    });
    const [code] = (await once(child, "close")) as [number | null];
    expect(log).toContain("canceled: terminated");
    expect(code).toBe(13);
    expect(JSON.parse(await bench.output("summary.json"))).toMatchObject({
      status: "failed",
      failure: { kind: "canceled", reason_code: "terminated" },
    });
  });
});
