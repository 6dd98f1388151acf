/** `agent-collab doctor`: named checks of a collab and its surroundings, each with its fix. Exit 1 if one fails. */
import { resolve } from "node:path";
import { createHub } from "../../template/hub/client.ts";
import { inspectCollabDir, type LoadedCollab } from "../collab-dir.ts";
import { type CheckResult, type CheckState, fail, ok, skip, warn } from "../deploy/checks/check.ts";
import { readCollabFolders } from "../deploy/folders/collab-folders.ts";
import { runPreflight } from "../deploy/preflight.ts";
import { isLocalEndpoint, resolveTarget, type Target } from "../deploy/target.ts";
import { type CollabStatus, collabStatus, type SpaceStatus } from "../running/status.ts";
import { CommandEnded, EXIT } from "../terminal/errors.ts";
import type { Style } from "../terminal/output.ts";
import { describeError } from "../terminal/report-error.ts";
import { plural, printable } from "../terminal/text.ts";
import type { Cli, RegisterCommand } from "./index.ts";

export const register: RegisterCommand = (command, cli) => {
  command
    .argument("[dir]", "the collab directory", ".")
    .addHelpText("after", "\nExample:\n  agent-collab doctor my-collab --json")
    .action((dir: string) => doctor(resolve(cli.cwd, dir), cli));
};

async function doctor(dir: string, cli: Cli): Promise<void> {
  const checks = await examine(dir, cli);
  const count = (state: CheckState) => checks.filter((check) => check.state === state).length;
  const summary = `${plural(count("fail"), "failure")}, ${plural(count("warn"), "warning")}.`;
  const lines = (paint: (style: Style, text: string) => string) =>
    [...checks.flatMap((check) => checkLines(check, paint)), "", summary].join("\n");
  cli.out.result({
    json: { healthy: count("fail") === 0, checks },
    human: lines(cli.out.paint),
    agent: lines((_, text) => text),
    quiet: checks
      .filter(({ state }) => state === "fail")
      .map(({ name }) => name)
      .join("\n"),
  });
  if (count("fail") > 0) throw new CommandEnded(EXIT.failed);
}

/** Every check, in the order in which one depends on the other; what cannot be looked at is skipped with its reason. */
async function examine(dir: string, cli: Cli): Promise<CheckResult[]> {
  const config = await checkConfig(dir, cli);
  if (!config.loaded) return [config.check, skip("hub", "collab.yaml has to be mended first")];
  const { loaded } = config;
  let target: Target;
  try {
    target = await resolveTarget(cli.env);
  } catch (error) {
    return [
      config.check,
      failed("token", error),
      skip("deployment", "there is no token to ask the Hub with"),
    ];
  }
  const hub = createHub({ endpoint: target.endpoint, token: target.token, timeoutMs: 10_000, attempts: 2 });
  try {
    const allowBroadToken = isLocalEndpoint(target.endpoint);
    const folders = await readCollabFolders(loaded);
    const [{ checks }, status] = await Promise.all([
      runPreflight({ hub, loaded, folders, target, allowBroadToken }),
      collabStatus({ hub, loaded, token: target.token }),
    ]);
    return [config.check, ...checks, ...deploymentChecks(status)];
  } catch (error) {
    return [config.check, failed("hub", error), skip("deployment", "the Hub could not be asked")];
  }
}

async function checkConfig(dir: string, cli: Cli): Promise<{ check: CheckResult; loaded?: LoadedCollab }> {
  try {
    const inspected = await inspectCollabDir(dir, { cwd: cli.cwd });
    if (inspected.ok)
      return { check: ok("config", `${inspected.loaded.file} is good`), loaded: inspected.loaded };
    const count = plural(inspected.problems.length, "problem");
    return {
      check: fail(
        "config",
        `${count} in the collab directory`,
        "Run `agent-collab check`, which lists them.",
      ),
    };
  } catch (error) {
    return { check: failed("config", error) };
  }
}

function failed(name: string, error: unknown): CheckResult {
  const { message, fix } = describeError(error);
  return fail(name, message.replace(/\.$/, ""), fix ?? "Run again with --debug.");
}

const DEPLOY = "Run `agent-collab deploy`.";

function deploymentChecks({ spaces, buckets }: CollabStatus): CheckResult[] {
  const bucketChecks = buckets.map(({ id, purpose, state, private: isPrivate, reason }) => {
    const name = purpose.replace(" ", "_");
    if (state === "missing") return fail(name, `there is no ${purpose} ${id}`, DEPLOY);
    if (state === "unknown") return warn(name, `${id} could not be asked for: ${reason}`, "Try again later.");
    if (purpose === "audit bucket" && isPrivate === false) {
      return fail(name, `${id} is public`, "Make it private in its settings on the Hub, at once.");
    }
    return ok(name, `${id} is there`);
  });
  return [...bucketChecks, ...spaces.flatMap(spaceChecks)];
}

/** Names of the backend's own are older than the other Spaces, hence `version` without a prefix. */
function spaceChecks(space: SpaceStatus): CheckResult[] {
  const { id, part, state, stage, reason, version, wanted } = space;
  const versionName = part === "backend" ? "version" : `${part}_version`;
  const because = reason ? `: ${reason}` : "";
  if (state === "missing") {
    return [fail(part, `there is no Space ${id}`, DEPLOY), skip(versionName, "nothing is deployed")];
  }
  if (state === "unknown") {
    return [warn(part, `${id} could not be asked for${because}`, "Try again later.")];
  }
  const checks = [
    space.ours
      ? ok(`${part}_owner`, `${id} belongs to this collab`)
      : fail(`${part}_owner`, `${id} is not marked as this collab's`, "See `agent-collab deploy --dry-run`."),
    space.hasToken
      ? ok(`${part}_secret`, `${id} has a token`)
      : fail(`${part}_secret`, `${id} has no token`, DEPLOY),
    spaceHealth(space, because),
  ];
  if (version === undefined) checks.push(skip(versionName, `${id} does not say its version`));
  else if (version === wanted) checks.push(ok(versionName, `${version}, as in this directory`));
  else checks.push(warn(versionName, `${version} runs, this directory would deploy ${wanted}`, DEPLOY));
  if (part === "eval" && space.private === false) {
    checks.push(fail("eval_private", `${id} is public`, "Make it private in its settings on the Hub."));
  }
  return checks;

  function spaceHealth({ url }: SpaceStatus, because: string): CheckResult {
    if (state === "healthy") return ok(part, `it answers at ${url}`);
    if (state === "starting") {
      return warn(part, `it is starting (${stage})${because}`, "Look again in a minute.");
    }
    const logs = part === "backend" ? "agent-collab logs" : `agent-collab logs --of ${part}`;
    return fail(
      part,
      `it does not answer (${stage})${because}`,
      `See \`${logs}\`, then \`agent-collab deploy\`.`,
    );
  }
}

const STATE_STYLE: Record<CheckState, Style> = { ok: "green", warn: "yellow", fail: "red", skip: "dim" };

function checkLines(check: CheckResult, paint: (style: Style, text: string) => string): string[] {
  const state = paint(STATE_STYLE[check.state], check.state.padEnd(5));
  return [
    `${state} ${check.name.padEnd(16)} ${printable(check.message)}`,
    ...(check.fix && check.state !== "ok" ? [`${" ".repeat(23)}${printable(check.fix)}`] : []),
  ];
}
