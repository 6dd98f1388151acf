import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseShard } from "../../../wizard/local-hub/xet/shard.ts";
import { fileHash, makeShard, makeXorb } from "./forge.ts";

describe("a shard", () => {
  const xorb = makeXorb([Buffer.from("one"), Buffer.from("two"), Buffer.from("three")]);
  const file = { terms: [{ xorb }, { xorb, first: 1, end: 2 }] };

  test.each([
    ["without a footer", { files: [file], xorbs: [xorb] }],
    ["with a footer", { files: [file], xorbs: [xorb], footer: true }],
    ["with a SHA-256", { files: [{ ...file, withMetadata: true }], xorbs: [xorb] }],
  ])("%s is read", (_, shard) => {
    const { files, xorbs } = parseShard(makeShard(shard));
    expect(files).toMatchObject([
      {
        hash: fileHash(file),
        terms: [
          { xorb: xorb.hash, unpackedBytes: 11, first: 0, end: 3 },
          { xorb: xorb.hash, unpackedBytes: 3, first: 1, end: 2 },
        ],
      },
    ]);
    expect(xorbs).toHaveLength(1);
    const chunks = xorbs[0]?.chunks;
    expect([0, 1, 2].map((chunk) => chunks?.unpackedBytes(chunk))).toEqual([3, 3, 5]);
    expect([0, 1, 2].map((chunk) => new Uint8Array(chunks?.hash(chunk) ?? []))).toEqual(
      xorb.chunks.map(({ hash }) => new Uint8Array(hash)),
    );
  });

  test("may hold an empty file, or nothing at all", () => {
    expect(parseShard(makeShard({ files: [{ terms: [] }] })).files).toEqual([
      { hash: "0".repeat(64), terms: [] },
    ]);
    expect(parseShard(makeShard({}))).toEqual({ files: [], xorbs: [] });
  });

  test("cut short anywhere is refused with 400", () => {
    const whole = makeShard({ files: [file], xorbs: [xorb] });
    for (let length = 0; length < whole.length; length++) {
      expect(() => parseShard(whole.subarray(0, length)), `${length}`).toThrow(
        expect.objectContaining({ status: 400 }),
      );
    }
  });

  test("with changed bytes is read or refused with 400, and never asks for more than it has", () => {
    const whole = makeShard({ files: [file], xorbs: [xorb], footer: true });
    fc.assert(
      fc.property(fc.nat(whole.length - 4), fc.nat(0xffffffff), (at, value) => {
        const changed = Buffer.from(whole);
        changed.writeUInt32LE(value, at);
        try {
          parseShard(changed);
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["of another version", makeShard({ version: 3n })],
    ["of something else", Buffer.alloc(144)],
    ["with terms that prove nothing", makeShard({ files: [{ ...file, withoutVerification: true }] })],
    ["with bytes behind its end", Buffer.concat([makeShard({}), Buffer.alloc(48)])],
  ])("%s is refused with 400", (_, bytes) => {
    expect(() => parseShard(bytes)).toThrow(expect.objectContaining({ status: 400 }));
  });
});
