import { expect, test } from "vitest";
import { parseRange } from "../../../wizard/local-hub/xet/byte-range.ts";

test.each<[string | undefined, [number, number][] | null]>([
  [undefined, null],
  ["bytes=0-0", [[0, 1]]],
  ["bytes=10-19", [[10, 20]]],
  ["bytes=90-255999999", [[90, 100]]],
  ["bytes=90-", [[90, 100]]],
  ["bytes=-10", [[90, 100]]],
  ["bytes=-1000", [[0, 100]]],
  ["bytes=100-", []],
  ["bytes=256000000-767999999", []],
  ["bytes=-0", []],
  [
    "bytes=0-1, 50-51",
    [
      [0, 2],
      [50, 52],
    ],
  ],
  ["bytes=0-1,500-", [[0, 2]]],
  ["bytes=5-4", null],
  ["bytes=-", null],
  ["bytes=a-b", null],
  ["lines=1-2", null],
  ["bytes=", null],
  [`bytes=${"0-0,".repeat(100)}1-1`, null],
])("the Range header %j of 100 bytes means %j", (header, expected) => {
  expect(parseRange(header, 100)?.map(({ start, end }) => [start, end]) ?? null).toEqual(expected);
});
