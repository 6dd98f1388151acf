import { expect, test } from "vitest";
import { askedWaitSeconds } from "../../template/hub/retry.ts";

const NOW = Date.UTC(2026, 0, 1);

test.each<[Record<string, string>, number | undefined]>([
  [{}, undefined],
  [{ "retry-after": "7" }, 7],
  [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30],
  [{ "retry-after": "Wed, 31 Dec 2025 00:00:00 GMT" }, 0],
  [{ ratelimit: '"api";r=0;t=55' }, 55],
  [{ "retry-after": "2", ratelimit: '"api";r=0;t=55' }, 2],
  // On every healthy or failed answer: the window ends some time, and much is left in it.
  [{ ratelimit: '"api";r=998;t=256' }, undefined],
  [{ ratelimit: '"api";r=10;t=256' }, undefined],
])("an answer with %j asks to wait %s s", (headers, seconds) => {
  expect(askedWaitSeconds(new Headers(headers), NOW)).toBe(seconds);
});
