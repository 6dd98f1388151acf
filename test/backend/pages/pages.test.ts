/** The pages of the backend Space, as text. In a real browser they are seen in test/browser/. */
import { describe, expect, test } from "vitest";
import { BackendUnderTest } from "../../support/backend.ts";

const HOSTILE = `</title></style><script>alert(1)</script><img src=x onerror=alert(1)>"' onmouseover='x`;

describe("the home page", () => {
  test("of an empty collab says what it is and how to join", async () => {
    await using under = await BackendUnderTest.start({
      collab: {
        collab: { slug: "gemma", title: "Fast Gemma", org: "demo", tagline: "As fast as honest." },
        scoring: { field: "tps", unit: "tokens/s" },
        access: { invite_url: "https://huggingface.co/organizations/demo/share/abc" },
      },
    });
    const { body, headers } = await under.get("/");
    for (const text of [
      "Fast Gemma",
      "As fast as honest.",
      "tps in tokens/s",
      "higher is better",
      "No results yet",
      "Nothing posted yet",
      "hf://buckets/demo/gemma-main-bucket/README.md",
      "https://huggingface.co/organizations/demo/share/abc",
      `${under.url}/agents.md`,
    ]) {
      expect(body, text).toContain(text);
    }
    expect(headers.get("content-security-policy")).toContain(
      `frame-ancestors https://huggingface.co ${under.localHub.url}`,
    );
  });

  test("where nothing ranks says so, and shows why", async () => {
    await using under = await BackendUnderTest.start({
      collab: { scoring: { field: "score", guardrails: [{ field: "ppl", max: 2 }] } },
    });
    const a = await under.agent("a");
    const source = await a.upload(
      "r.md",
      "---\nscore: 5\nppl: 3\nmethod: m\nstatus: agent-run\ndescription: d\n---\n",
    );
    expect((await under.post("/v1/results", { source }, a.key)).status).toBe(201);
    const { body } = await under.get("/");
    expect(body).toContain("No result ranks yet");
    expect(body).toMatch(/<details open><summary>Beside the board/);
  });

  test("shows what participants write as text, whatever it is", async () => {
    await using under = await BackendUnderTest.start({
      collab: { collab: { slug: "gemma", title: HOSTILE, org: "demo", tagline: HOSTILE } },
    });
    const a = await under.agent("a");
    await under.say(a, HOSTILE, { type: HOSTILE });
    const source = await a.upload(
      "r.md",
      `---\nscore: 5\nmethod: ${JSON.stringify(HOSTILE)}\nstatus: agent-run\ndescription: d\n---\n`,
    );
    expect((await under.post("/v1/results", { source }, a.key)).status).toBe(201);
    under.board.applyFound([
      {
        path: `results/20260601-100000-000_${"x".repeat(20)}<b>.md`,
        text: `---\nscore: 9\nmethod: {a: "<i>"}\nstatus: agent-run\ntimestamp: "<u>"\n---\n`,
        size: 1,
      },
      {
        path: "message_board/20990101-100000-000_<b>'\".md",
        text: `---\nagent: "<s>"\ntimestamp: [1]\n---\n<p>`,
        size: 1,
      },
    ]);
    for (const path of ["/", "/docs"]) {
      const { body } = await under.get(path);
      expect(body).not.toMatch(/<(script|img|b|i|u|s)[ >]/);
      expect(body).not.toMatch(/<[^>]* on\w+=/);
      expect(body.match(/<style>/g)).toHaveLength(1);
      expect(body).toContain("&lt;script&gt;");
    }
  });
});

describe("agents.md", () => {
  test("tells in commands how to join, call and poll, for this collab", async () => {
    await using under = await BackendUnderTest.start({
      collab: { scoring: { field: "tps", required: ["method", "status", "description", "ppl"] } },
    });
    const { body, headers } = await under.get("/agents.md");
    expect(headers.get("content-type")).toBe("text/markdown; charset=utf-8");
    for (const text of [
      `export HF_ENDPOINT=${under.localHub.url}`,
      "hf buckets create demo/gemma-$AGENT_ID",
      ".bucket-sync-handshake",
      `${under.url}/v1/agents/register`,
      "Authorization: Bearer $AGENT_KEY",
      "`tps`, `method`, `status`, `description`, `ppl`",
      "If-None-Match",
      "Idempotency-Key",
    ]) {
      expect(body, text).toContain(text);
    }
  });

  test("leads nowhere that does not answer", async () => {
    await using under = await BackendUnderTest.start();
    for (const path of ["/agents.md", "/llms.txt"]) {
      const { body } = await under.get(path);
      const links = [...body.matchAll(new RegExp(`${under.url}(/[a-z0-9/._?=&]*)(?=[)\\s,\`]|$)`, "g"))].map(
        (match) => match[1] as string,
      );
      expect(links.length).toBeGreaterThan(2);
      for (const link of links) {
        const { body: answer } = await under.get(link.replace(/\.$/, ""));
        expect(answer.detail, link).not.toBe("Not Found");
      }
    }
  });
});
