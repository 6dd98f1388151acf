/** Manifests of submissions made from the stub. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { STUB } from "./gemma.ts";
import type { TreeFile } from "./tree.ts";

type Environment = Record<string, string | number | boolean>;

/** The stub's manifest with `env` added to it. */
export function stubManifest(env: Environment, more: Record<string, unknown> = {}): TreeFile {
  const original = JSON.parse(readFileSync(join(STUB, "manifest.json"), "utf8")) as { env: Environment };
  const manifest = { ...original, ...more, env: { ...original.env, ...env } };
  return { path: "manifest.json", content: JSON.stringify(manifest, null, 2) };
}
