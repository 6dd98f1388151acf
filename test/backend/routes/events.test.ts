/** Following a collab live, losing the connection, and coming back. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BackendUnderTest, type TestAgent } from "../../support/backend.ts";

let under: BackendUnderTest;
let a: TestAgent;
let b: TestAgent;

beforeAll(async () => {
  under = await BackendUnderTest.start({
    collab: { board: { channels: [{ id: "ideas", title: "Ideas" }] } },
  });
  a = await under.agent("a");
  b = await under.agent("b", "bob");
});
afterAll(() => under?.[Symbol.asyncDispose]());

interface Received {
  id: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: events of several kinds, checked field by field
  data: any;
}

/** A client of the event stream that reads until it has what it waits for. */
class Follower {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #abort: AbortController;
  #text = "";
  readonly comments: string[] = [];

  private constructor(reader: ReadableStreamDefaultReader<string>, abort: AbortController) {
    this.#reader = reader;
    this.#abort = abort;
  }

  static async open(query = "", lastEventId?: string): Promise<Follower> {
    const abort = new AbortController();
    const response = await fetch(`${under.url}/v1/events${query}`, {
      signal: abort.signal,
      headers: lastEventId === undefined ? {} : { "last-event-id": lastEventId },
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const text = response.body?.pipeThrough(new TextDecoderStream());
    if (!text) throw new Error("no body");
    return new Follower(text.getReader(), abort);
  }

  /** The next event; `null` when the stream has ended. */
  async next(): Promise<Received | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end === -1) {
        const { value, done } = await this.#reader.read();
        if (done) return null;
        this.#text += value;
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
      const data = field("data");
      if (data === undefined) this.comments.push(block);
      else return { id: field("id") ?? "", event: field("event") ?? "", data: JSON.parse(data) };
    }
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
  }
}

describe("the event stream", () => {
  test("tells what is new, in order", async () => {
    using follower = await Follower.open();
    expect((await follower.next())?.event).toBe("hello");
    const first = await under.say(a, "one @b", { channel: "ideas" });
    const second = await under.result(b, 5);
    expect(await follower.next()).toMatchObject({
      id: first.slice(0, 19),
      event: "message",
      data: { filename: first, agent: "a", channel: "ideas", excerpt: "one @b", type: "agent" },
    });
    expect(await follower.next()).toMatchObject({
      id: second.slice(0, 19),
      event: "result",
      data: { filename: second, agent: "b" },
    });
  });

  test("goes on after the last event that was seen, without a gap and without a repeat", async () => {
    const seen = await under.say(a, "seen");
    const missed = [await under.say(a, "missed 1"), await under.say(b, "missed 2")];
    using follower = await Follower.open("", seen.slice(0, 19));
    expect([(await follower.next())?.data.filename, (await follower.next())?.data.filename]).toEqual(missed);
    const live = await under.say(a, "live");
    expect((await follower.next())?.data.filename).toBe(live);
  });

  test("gives an agent its own inbox and the broadcasts, nobody else's", async () => {
    using follower = await Follower.open("?as=b");
    await follower.next();
    await under.say(a, "not for b");
    const forB = await under.say(a, "for @b");
    await under.post(
      "/v1/messages",
      { agent_id: "human-organizer", body: "to all", broadcast: true },
      "hf_local_organizer",
    );
    expect(await follower.next()).toMatchObject({ event: "inbox", data: { recipient: "b", filename: forB } });
    expect(await follower.next()).toMatchObject({ event: "broadcast", data: { excerpt: "to all" } });
  });

  test("an id that is none of ours means: begin anew", async () => {
    using follower = await Follower.open("", "42");
    expect((await follower.next())?.event).toBe("reset");
  });

  test("gives back its place when the client goes, and takes none for HEAD", async () => {
    await vi.waitFor(() => expect(under.backend.streams.count()).toBe(0));
    expect((await under.request("/v1/events", { method: "HEAD" })).headers.get("content-type")).toBe(
      "text/event-stream",
    );
    expect(under.backend.streams.count()).toBe(0);
    const follower = await Follower.open();
    await follower.next();
    expect(under.backend.streams.count()).toBe(1);
    follower[Symbol.dispose]();
    await vi.waitFor(() => expect(under.backend.streams.count()).toBe(0));
  });

  test("unknown kinds and readers are refused before the stream begins", async () => {
    expect((await under.get("/v1/events?kinds=gossip")).body.error.code).toBe("INVALID_QUERY");
    expect((await under.get("/v1/events?as=nobody")).body.error.code).toBe("NOT_REGISTERED");
  });
});

describe("changes, for those who poll", () => {
  test("begin with a cursor and lead on from there", async () => {
    const start = (await under.get("/v1/changes")).body;
    expect(start).toMatchObject({ items: [], reset: false });
    const names = [await under.say(a, "x1"), await under.say(a, "x2"), await under.say(a, "x3")];
    const first = (await under.get(`/v1/changes?after=${start.next}&limit=2`)).body;
    const rest = (await under.get(`/v1/changes?after=${first.next}&limit=2`)).body;
    expect([...first.items, ...rest.items].map((event) => event.filename)).toEqual(names);
    expect((await under.get(`/v1/changes?after=${rest.next}`)).body.items).toEqual([]);
  });

  test("wait for the next one", async () => {
    const { next } = (await under.get("/v1/changes")).body;
    const waiting = under.get(`/v1/changes?after=${next}&kinds=result&wait=30`);
    await under.say(a, "not a result");
    const filename = await under.result(a, 7);
    expect((await waiting).body.items).toMatchObject([{ kind: "result", filename }]);
  });

  test("a verdict is an event", async () => {
    const filename = await under.result(a, 8);
    const { next } = (await under.get("/v1/changes")).body;
    under.board.applyFound([
      { path: "results/verification_status.json", text: JSON.stringify({ [filename]: "valid" }), size: 1 },
    ]);
    expect((await under.get(`/v1/changes?after=${next}`)).body.items).toMatchObject([
      { kind: "verification", filename, state: "valid" },
    ]);
  });

  test("after a restart, messages and results of before are still led through; then both end with the backend", async () => {
    const before = await under.say(a, "before");
    const missed = await under.say(b, "missed");
    using follower = await Follower.open();
    await follower.next();
    await under.restart();
    expect(await follower.next()).toBeNull();
    const { items } = (await under.get(`/v1/changes?after=${before.slice(0, 19)}&kinds=message`)).body;
    expect(items.map((event: { filename: string }) => event.filename)).toEqual([missed]);
    const live = await under.say(a, "after");
    using again = await Follower.open("?kinds=message", before.slice(0, 19));
    expect([(await again.next())?.data.filename, (await again.next())?.data.filename]).toEqual([
      missed,
      live,
    ]);
    expect((await under.get("/v1/changes?after=20200101-000000-000")).body.reset).toBe(false);
    expect((await under.get("/v1/changes?after=yesterday")).body.error.code).toBe("INVALID_QUERY");
  });
});
