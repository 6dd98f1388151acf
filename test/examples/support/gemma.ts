/** Runs of the Gemma harness over submissions made from the stub. */
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Finished, python } from "./python.ts";

export const EXAMPLE = resolve(import.meta.dirname, "../../../examples/gemma-challenge");
export const HARNESS = join(EXAMPLE, "harness");
export const STUB = join(EXAMPLE, "submissions/stub");

export interface Gate {
  gate: string;
  ok: boolean;
  value: number;
  limit: number;
  reason_code: string | null;
}

/** The parts of summary.json that the tests look at. */
export interface Summary {
  status: "completed" | "failed";
  profile: string;
  private: boolean;
  tps?: number;
  ppl?: number;
  identity?: string;
  score?: { tps: number; ppl: number };
  gates: Gate[];
  gates_ok?: boolean;
  failure: {
    kind: string;
    reason_code: string;
    message: string;
    next_step: string;
    details: Record<string, unknown>;
  } | null;
  isolation: Record<string, { enforced: boolean; by?: string; why?: string }>;
  diagnostics: Record<string, Record<string, unknown>>;
  provenance: {
    harness_version: string;
    harness_sha256: string;
    data_sha256?: string;
    seed?: number;
    submission?: { sha256: string; runtime_sha256: string; files: Record<string, string> };
  };
}

type Environment = Record<string, string | number | boolean>;

/** A temporary folder with a submission, a state directory and whatever a test adds; removes itself. */
export class Bench {
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  static async create(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), "gemma-test-")));
  }

  get submission(): string {
    return join(this.root, "submission");
  }

  get state(): string {
    return join(this.root, "state");
  }

  /** The stub as a submission, with `env` added to its manifest and `manifest` merged into it. */
  async stub(env: Environment = {}, manifest: Record<string, unknown> = {}): Promise<this> {
    await cp(STUB, this.submission, { recursive: true, filter: (path) => !path.includes("__pycache__") });
    const path = join(this.submission, "manifest.json");
    const original = JSON.parse(await readFile(path, "utf8")) as { env: Environment };
    const changed = { ...original, env: { ...original.env, ...env }, ...manifest };
    await writeFile(path, JSON.stringify(changed, null, 2));
    return this;
  }

  /** A submission of nothing but the given files. */
  async files(files: Record<string, string>): Promise<this> {
    await mkdir(this.submission, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.submission, name), text);
    return this;
  }

  /** Runs the harness dry; `summary` is undefined where it wrote none. */
  async run(
    args: readonly string[] = [],
    env: Record<string, string> = {},
  ): Promise<Finished & { summary: Summary }> {
    const finished = await python(
      [
        join(HARNESS, "run.py"),
        ...["--submission-dir", this.submission, "--state-dir", this.state, "--profile", "dry"],
        ...args,
      ],
      { env },
    );
    const text = await this.output("summary.json").catch(() => "null");
    return { ...finished, summary: JSON.parse(text) as Summary };
  }

  output(name: string): Promise<string> {
    return readFile(join(this.state, name), "utf8");
  }

  async rows(name: string): Promise<Record<string, unknown>[]> {
    const text = await this.output(name);
    return text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** Reason codes of the gates that failed. */
export function failedGates(summary: Summary): string[] {
  return summary.gates.flatMap((gate) => (gate.reason_code === null ? [] : [gate.reason_code]));
}
