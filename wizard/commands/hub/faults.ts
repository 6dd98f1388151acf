/** `hub faults`: make the running hub misbehave, to see what a collab does then. */
import type { Command } from "commander";
import { FAULT_KINDS } from "../../local-hub/faults/rule.ts";
import { usageError } from "../../terminal/errors.ts";
import type { Cli } from "../index.ts";
import type { HubFlags } from "./options.ts";
import { askHub, requireRunningHub } from "./running.ts";

/** Options that become fields of the rule as they are, and those that are numbers. */
const TEXT_FIELDS = ["method", "path", "user", "message", "entry"] as const;
const NUMBER_FIELDS = [
  "status",
  "count",
  "skip",
  "probability",
  "retryAfterSeconds",
  "delayMs",
  "afterBytes",
] as const;

type FaultFlags = Partial<Record<(typeof TEXT_FIELDS)[number] | (typeof NUMBER_FIELDS)[number], string>> & {
  cut?: boolean;
  lift?: string;
};
interface ActiveFault {
  id: string;
  kind: string;
  method: string;
  path?: string;
  count?: number;
  seen: number;
  applied: number;
}

export function addHubFaults(hub: Command, flagsOf: <Own>(sub: Command) => HubFlags & Own, cli: Cli): void {
  hub
    .command("faults")
    .description("list the faults of the running hub, set one, or lift them")
    .argument("[kind]", FAULT_KINDS.join(", "))
    .option("--path <glob>", "which paths: * is anything but a slash, ** anything")
    .option("--method <method>", "only this method")
    .option("--user <name>", "only requests with a token of this user")
    .option("--count <n>", "how often, then never again")
    .option("--skip <n>", "let this many through first")
    .option("--probability <p>", "share of the matching requests, 0 to 1")
    .option("--status <code>", "status to answer with")
    .option("--message <text>", "what the error says")
    .option("--retry-after-seconds <n>", "wait to tell the client")
    .option("--delay-ms <n>", "how much later to answer")
    .option("--after-bytes <n>", "where to break off the body")
    .option("--entry <glob>", "which paths inside a batch (batch_entry)")
    .option("--cut", "cut the connection in place of an answer (lost)")
    .option("--lift <id>", "lift this fault, or all")
    .addHelpText(
      "after",
      "\nExample:\n  agent-collab hub faults status --status 429 --path '/api/buckets/**' --count 3",
    )
    .action((kind: string | undefined, _, sub: Command) => hubFaults(kind, flagsOf<FaultFlags>(sub), cli));
}

async function hubFaults(kind: string | undefined, flags: HubFlags & FaultFlags, cli: Cli): Promise<void> {
  if (kind !== undefined && flags.lift !== undefined) {
    throw usageError("A fault is set or lifted, not both.", "Give a kind, or --lift.");
  }
  const rule = kind === undefined ? null : ruleOf(kind, flags);
  const hub = requireRunningHub(flags, cli);
  if (rule) await askHub(hub, "/_emulator/faults", { method: "POST", json: rule });
  if (flags.lift !== undefined) {
    const one = flags.lift === "all" ? "" : `/${encodeURIComponent(flags.lift)}`;
    await askHub(hub, `/_emulator/faults${one}`, { method: "DELETE" });
  }
  const { faults } = await askHub<{ faults: ActiveFault[] }>(hub, "/_emulator/faults");
  cli.out.result({
    json: { faults },
    agent: faults.map(describeFault).join("\n") || "No faults: the hub does its best.",
    quiet: faults.map(({ id }) => id).join("\n"),
  });
}

function ruleOf(kind: string, flags: FaultFlags): Record<string, unknown> {
  if (!FAULT_KINDS.some((known) => known === kind)) {
    throw usageError(`There is no fault ${kind}.`, `Faults: ${FAULT_KINDS.join(", ")}.`);
  }
  const rule: Record<string, unknown> = { kind, ...(flags.cut && { cut: true }) };
  for (const field of TEXT_FIELDS) if (flags[field] !== undefined) rule[field] = flags[field];
  for (const field of NUMBER_FIELDS) {
    const text = flags[field];
    if (text === undefined) continue;
    if (text.trim() === "" || Number.isNaN(Number(text))) throw usageError(`${text} is not a number.`);
    rule[field] = Number(text);
  }
  return rule;
}

function describeFault({ id, kind, method, path, count, applied }: ActiveFault): string {
  const where = `${method} ${path ?? "(what it is about)"}`;
  return `${id}  ${kind}  ${where}  applied ${applied}${count === undefined ? "" : ` of ${count}`} times`;
}
