import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { HARDWARE_PRICE_PER_HOUR } from "../../template/schema/hardware.ts";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { hardwareChoices } from "../../wizard/questions/hardware-choices.ts";
import { hardwarePrices } from "../../wizard/questions/hardware-prices.ts";

test("prices come from the Hub, by the hour, with the worst bill of a day", async () => {
  await using hub = await startLocalHub();
  const prices = await hardwarePrices(hub.url);
  expect(prices.live).toBe(true);
  expect(prices.perHour["a100-large"]).toBeCloseTo(2.5, 1);
  expect(hardwareChoices(prices)).toContainEqual({
    value: "a100-large",
    label: "a100-large",
    hint: expect.stringMatching(/^A100 80 GB +\$2\.50\/h, up to \$88\/day$/),
  });
});

test.each(["not json", "[]", '[{"name": "new-thing", "unitCostUSD": 1}]', '{"a": 1}'])(
  "an answer such as %j gives the recorded list",
  async (answer) => {
    const server = createServer((_request, response) => response.end(answer)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const prices = await hardwarePrices(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.close();
    expect(prices).toEqual({ perHour: HARDWARE_PRICE_PER_HOUR, live: false });
  },
);

test("nobody at the address gives the recorded list", async () => {
  expect(await hardwarePrices("http://127.0.0.1:1")).toMatchObject({ live: false });
});
