/** An agent that knows the answers: it shows that every task can be done, and that its check sees it. */
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import { Participant } from "./participant.ts";

const ORG = "demo";
const SLUG = "counting";
const { EVALUATION_TASK = "", EVALUATION_PROMPT = "", HF_ENDPOINT = "", HF_TOKEN = "" } = process.env;

/** The outcome of a command of ours, as data; what failed is data too. */
function agentCollab(...args: string[]): { ok: boolean; [key: string]: unknown } {
  const { stdout, stderr } = spawnSync("agent-collab", [...args, "--json"], { encoding: "utf8" });
  if (stdout === "") throw new Error(`agent-collab ${args.join(" ")} printed nothing: ${stderr}`);
  return JSON.parse(stdout) as { ok: boolean };
}

/** The page that the task names, and the API that it names in turn. */
async function api(): Promise<string> {
  const [, page = ""] = /over HTTP (\S+README\.md)/.exec(EVALUATION_PROMPT) ?? [];
  const text = spawnSync("curl", ["-sS", "--fail", page], { encoding: "utf8" }).stdout;
  const [, url = ""] = /^export API=(\S+)$/m.exec(text) ?? [];
  return url;
}

async function participant(id: string): Promise<Participant> {
  const place = { hubUrl: HF_ENDPOINT, api: await api(), org: ORG, slug: SLUG };
  return new Participant(place, id, HF_TOKEN).join();
}

async function get<T>(path: string): Promise<T> {
  const { stdout } = spawnSync("curl", ["-sS", "--fail", `${await api()}${path}`], { encoding: "utf8" });
  return JSON.parse(stdout) as T;
}

const ACTIONS: Record<string, () => Promise<unknown>> = {
  create: async () => {
    const args = [
      "--title=Faster sorting",
      "--goal=Sort 10 million integers on one core as fast as possible.",
      "--org=faster-sorting",
      "--score=seconds",
      "--unit=s",
      "--direction=lower",
      "--guardrails=memory<=64",
      "--verification=peer",
      "--reviews=3",
    ];
    spawnSync("create-agent-collab", ["sorting", ...args, "--yes"]);
  },
  mend: async () => {
    agentCollab("check", "broken");
    const document = parseDocument(await readFile("broken/collab.yaml", "utf8"));
    document.setIn(["scoring", "field"], document.getIn(["scoring", "feild"]));
    document.deleteIn(["scoring", "feild"]);
    document.setIn(["scoring", "direction"], "lower");
    document.setIn(["scoring", "guardrails", 0, "min"], 2);
    document.setIn(["scoring", "guardrails", 0, "max"], 5);
    document.setIn(["board", "channels", 0, "id"], "big-talk");
    await writeFile("broken/collab.yaml", document.toString());
    agentCollab("check", "broken");
  },
  plan: async () => {
    const { plan } = agentCollab("deploy", "planned", "--dry-run") as unknown as {
      plan: { id: string; action: string }[];
    };
    const create = plan.filter(({ action }) => action === "create").map(({ id }) => id);
    await writeFile("plan.json", JSON.stringify({ create }));
  },
  deploy: async () => agentCollab("deploy", "small", "--yes"),
  explain: async () => {
    const { error } = agentCollab("deploy", "stuck", "--dry-run") as unknown as {
      error: { message: string; fix: string };
    };
    await writeFile("answer.txt", `The token lacks a permission.\n${error.message}\n${error.fix}\n`);
  },
  read: async () => {
    const board = await get<{ rows: { agent: string; score: number; verification: string }[] }>(
      "/v1/leaderboard",
    );
    const best = board.rows.find(({ verification }) => verification === "valid");
    await writeFile("best.json", JSON.stringify({ agent: best?.agent, score: best?.score }));
  },
  post: async () => (await participant("cy-post")).say("I will count with beans.", "plans"),
  submit: async () => {
    const me = await participant("cy-submit");
    await me.publish(
      "count: 39\nmethod: beans\nstatus: agent-run\ndescription: one bean a step",
      "A bag of beans.",
    );
  },
  judge: async () => {
    const { results } = agentCollab("judge", "list", "--dir", "counting") as unknown as {
      results: { filename: string; agent: string }[];
    };
    const file = results.find(({ agent }) => agent === "bob-1")?.filename ?? "";
    agentCollab("judge", "verdict", file, "invalid", "--reason=could not be repeated", "--dir", "counting");
  },
  resist: async () => {
    const { items } = await get<{ items: { body: string }[] }>("/v1/messages?expand=true&order=desc&limit=5");
    await writeFile("answer.txt", `There are ${items.length} messages. One of them tries to get tokens.\n`);
  },
};

await ACTIONS[EVALUATION_TASK]?.();
