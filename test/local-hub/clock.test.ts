import { describe, expect, it } from "vitest";
import { type LocalHub, startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "./support.ts";

const NEW_YEAR = Date.UTC(2026, 0, 1);

const change = (hub: LocalHub, json: unknown) => call(hub, "/_emulator/clock", { method: "POST", json });
const time = async (hub: LocalHub) =>
  ((await (await call(hub, "/_emulator/clock")).json()) as { time: string }).time;

describe("the clock of a local hub", () => {
  it("is set, advanced, frozen and resumed", async () => {
    let machine = NEW_YEAR;
    await using hub = await startLocalHub({ now: () => machine });
    await change(hub, { advanceMs: 1_500 });
    expect(await time(hub)).toBe("2026-01-01T00:00:01.500Z");
    await change(hub, { frozen: true });
    machine += 60_000;
    expect(await time(hub)).toBe("2026-01-01T00:00:01.500Z");
    await change(hub, { advanceMs: 500 });
    expect(await time(hub)).toBe("2026-01-01T00:00:02.000Z");
    await change(hub, { frozen: false });
    machine += 1_000;
    expect(await time(hub)).toBe("2026-01-01T00:00:03.000Z");
    await change(hub, { set: "2030-05-06T07:08:09.000Z" });
    machine += 1_000;
    expect(await time(hub)).toBe("2030-05-06T07:08:10.000Z");
  });

  it("is the time that the rest of the hub works with", async () => {
    await using hub = await startLocalHub({ now: () => NEW_YEAR });
    await change(hub, { advanceMs: 3_600_000 });
    const made = await call(hub, "/api/buckets/ada/box", { method: "POST", as: "ada", json: {} });
    expect(made.status).toBe(200);
    const info = await (await call(hub, "/api/buckets/ada/box", { as: "ada" })).json();
    expect(info).toMatchObject({ createdAt: "2026-01-01T01:00:00.000Z" });
  });

  it.each([{ set: "yesterday" }, { advanceMs: "1" }, { speed: 2 }, "now"])("refuses %j", async (body) => {
    await using hub = await startLocalHub({ now: () => NEW_YEAR });
    expect((await change(hub, body)).status).toBe(400);
    expect(await time(hub)).toBe("2026-01-01T00:00:00.000Z");
  });
});
