/** `agent-collab destroy`: takes a collab off the Hub. Needs its name, since a record cannot be brought back. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import type { Hub } from "../../template/hub/types.ts";
import { resourceNames } from "../../template/schema/collab.ts";
import { type LoadedCollab, loadCollabDir } from "../collab-dir.ts";
import { OWNER_FILE, OWNER_VARIABLE, ownerOf, readOwnerFile } from "../deploy/ownership.ts";
import { resolveTarget } from "../deploy/target.ts";
import { EXIT, interrupted, UserError, usageError } from "../terminal/errors.ts";
import type { Cli, RegisterCommand } from "./index.ts";

interface DestroyFlags {
  confirm?: string;
  keepRecord?: boolean;
  dryRun?: boolean;
}

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .option("--confirm <slug>", "the collab's slug, to say that you mean it")
    .option("--keep-record", "remove the Spaces only, keep the buckets")
    .option("--dry-run", "list what would be removed, and remove nothing")
    .addHelpText(
      "after",
      "\nExample:\n  agent-collab destroy my-collab --confirm faster-sorting --keep-record",
    )
    .action((dir: string, flags: DestroyFlags) => destroy(resolve(cli.cwd, dir), flags, cli));
};

interface Doomed {
  kind: "space" | "bucket";
  id: string;
  /** `foreign` things are never removed. */
  state: "remove" | "foreign" | "missing";
}

async function destroy(dir: string, flags: DestroyFlags, cli: Cli): Promise<void> {
  const loaded = await loadCollabDir(dir, { cwd: cli.cwd });
  const { slug } = loaded.collab.collab;
  if (flags.confirm !== undefined && flags.confirm !== slug) {
    throw usageError(
      `--confirm ${flags.confirm} is not this collab's slug. Nothing was removed.`,
      "The slug is in collab.yaml, under collab.",
    );
  }
  const { endpoint, token } = await resolveTarget(cli.env);
  const hub = createHub({ endpoint, token });
  const doomed = await findDoomed(hub, loaded, flags.keepRecord ?? false);
  const removable = doomed.filter(({ state }) => state === "remove");
  cli.out.note(`At ${endpoint}:`);
  for (const line of doomed.map(describe)) cli.out.note(line);

  if (!flags.dryRun && removable.length > 0) {
    if (flags.confirm === undefined) await confirm(slug, cli);
    // The Spaces go first: they must not write into buckets that are being removed.
    for (const { kind, id } of removable) {
      await (kind === "space" ? hub.space(id) : hub.bucket(id)).delete();
      cli.out.note(`  removed ${id}`);
    }
  }
  const ids = removable.map(({ id }) => id);
  cli.out.result({
    json: { dry_run: flags.dryRun ?? false, removed: flags.dryRun ? [] : ids, found: doomed },
    agent: outcome(ids, flags),
    quiet: ids.join("\n"),
  });
}

function outcome(ids: readonly string[], { dryRun, keepRecord }: DestroyFlags): string {
  if (ids.length === 0) return "There is nothing to remove.";
  if (dryRun) return `Would remove ${ids.join(", ")}. Nothing was removed.`;
  const kept = keepRecord
    ? "The buckets stay; `agent-collab deploy` brings the collab back."
    : "Agents' own buckets are theirs and stay.";
  return `Removed ${ids.join(", ")}. ${kept}`;
}

async function findDoomed(hub: Hub, { collab }: LoadedCollab, keepRecord: boolean): Promise<Doomed[]> {
  const names = resourceNames(collab);
  const owner = ownerOf(collab);
  const found: Doomed[] = [];
  // An eval Space may be left from a time when verification was another.
  for (const id of [names.evalSpace, names.backendSpace]) {
    const space = hub.space(id);
    const exists = (await space.info()) !== null;
    if (!exists && id === names.evalSpace) continue;
    const mine = exists && (await space.variables()).get(OWNER_VARIABLE) === owner;
    found.push({ kind: "space", id, state: !exists ? "missing" : mine ? "remove" : "foreign" });
  }
  for (const id of keepRecord ? [] : [names.centralBucket, names.auditBucket]) {
    const bucket = hub.bucket(id);
    const exists = (await bucket.info()) !== null;
    const mark = exists ? readOwnerFile(await bucket.readText(OWNER_FILE, { maxBytes: 10_000 })) : null;
    found.push({ kind: "bucket", id, state: !exists ? "missing" : mark === owner ? "remove" : "foreign" });
  }
  return found;
}

function describe({ kind, id, state }: Doomed): string {
  const what = { remove: "- remove ", foreign: "! keep   ", missing: "  missing" }[state];
  return `  ${what} ${kind} ${id}${state === "foreign" ? " (not marked as this collab's)" : ""}`;
}

async function confirm(slug: string, cli: Cli): Promise<void> {
  if (!cli.interactive) {
    throw new UserError({
      code: "confirmation_needed",
      message: "Nothing was removed: this cannot be undone and nobody is there to confirm it.",
      fix: `If you mean it: --confirm ${slug}. To keep a copy first: agent-collab export.`,
      exitCode: EXIT.inputNeeded,
    });
  }
  const prompts = await import("@clack/prompts");
  const message = `This cannot be undone. Type ${slug} to remove it all`;
  const answer = await prompts.text({ message, input: cli.stdin, output: cli.stderr });
  if (answer !== slug) throw interrupted("Nothing was removed.");
}
