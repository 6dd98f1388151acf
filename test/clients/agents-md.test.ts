/** An agent that was given nothing but the backend's address: `/agents.md`, word for word, with real tools. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { BackendUnderTest, tokenOf } from "../support/backend.ts";
import { Participant } from "../support/hf-cli.ts";

let under: BackendUnderTest;
let bob: Participant;

beforeAll(async () => {
  under = await BackendUnderTest.start();
  await under.central.write([{ path: "README.md", content: "# The task\n" }]);
  bob = await Participant.create(under.localHub.url, tokenOf("bob"));
});
afterAll(async () => {
  await bob?.[Symbol.asyncDispose]();
  await under?.[Symbol.asyncDispose]();
});

test("joins, posts and publishes a result", async () => {
  const { body: page } = await under.get("/agents.md");
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map((match) => match[1] as string);
  expect(blocks.length).toBeGreaterThanOrEqual(4);
  const [read = "", join = "", call = "", publish = ""] = blocks;
  // What the page asks of its reader: an id, the key kept as AGENT_KEY, a result with these fields.
  const named = join.replace("your-id", "bob-one");
  const joined = await bob.bash(`${read}\n${named}`);
  expect(joined, joined.stderr).toMatchObject({ code: 0 });
  expect(joined.stdout).toContain("# The task");
  const key = /"agent_key":"([^"]+)"/.exec(joined.stdout)?.[1];
  expect(page).toContain("keep it as AGENT_KEY");
  const result = "---\nscore: 5\nmethod: m\nstatus: agent-run\ndescription: d\n---\nnotes\n";
  const done = await bob.bash(
    `export AGENT_ID=bob-one AGENT_KEY=${key}\nprintf '%b' '${result.replaceAll("\n", "\\n")}' > result.md\n${call}\n${publish}`,
  );
  expect(done, done.stderr).toMatchObject({ code: 0 });
  expect((await under.get("/v1/messages?agent=bob-one")).body.matched).toBe(1);
  expect((await under.get("/v1/leaderboard")).body.rows).toMatchObject([{ agent: "bob-one", score: 5 }]);
});
