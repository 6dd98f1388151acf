import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ungroupBytes } from "../../../wizard/local-hub/xet/chunk-codec.ts";
import { MAX_XORB_CHUNKS, XorbParser } from "../../../wizard/local-hub/xet/xorb-parser.ts";
import { chunkHeader, groupBytes, makeXorb, packChunk } from "./forge.ts";

function parse(...pieces: Buffer[]) {
  const parser = new XorbParser();
  const stored = Buffer.concat(pieces.map((piece) => Buffer.from(parser.push(piece))));
  return { ...parser.finish(), stored };
}

/** An LZ4 frame from blocks; the top bit of a size says that the block is stored. */
function frame(header: string, blocks: readonly { data: Buffer; stored?: boolean }[]): Buffer {
  const sized = blocks.map(({ data, stored = false }) => {
    const size = Buffer.alloc(4);
    size.writeUInt32LE(data.length + (stored ? 0x80000000 : 0));
    return Buffer.concat([size, data]);
  });
  return Buffer.concat([Buffer.from(`04224d18${header}`, "hex"), ...sized, Buffer.alloc(4)]);
}

const INDEPENDENT_64K = "604082";
const LINKED_64K = "4040c0";

describe("a xorb", () => {
  const contents = [Buffer.from("first"), Buffer.alloc(100_000, "second "), randomBytes(131_072)];

  test.each([0, 1, 2])("with chunks of compression %i is indexed from its own bytes", (scheme) => {
    const xorb = makeXorb(contents, scheme);
    const { hash, index, stored } = parse(xorb.bytes);
    expect(hash).toBe(xorb.hash);
    expect(stored.equals(xorb.bytes)).toBe(true);
    expect(index.length).toBe(3);
    expect(index.unpackedRange(0, 3)).toBe(5 + 100_000 + 131_072);
    expect(index.start(0)).toBe(0);
    expect(index.start(1)).toBe(packChunk(contents[0] as Buffer, scheme).length);
    expect(index.start(3)).toBe(xorb.bytes.length);
  });

  test("is the same however its bytes arrive", () => {
    const xorb = makeXorb([Buffer.from("a"), Buffer.alloc(300, "bc"), randomBytes(50)], 1);
    const whole = parse(xorb.bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(xorb.bytes.length), { maxLength: 12 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), xorb.bytes.length];
        const pieces = at.slice(1).map((end, i) => xorb.bytes.subarray(at[i], end));
        const result = parse(...pieces);
        expect(result.hash).toBe(xorb.hash);
        expect(result.stored.equals(whole.stored)).toBe(true);
        expect(result.index.packed.equals(whole.index.packed)).toBe(true);
      }),
    );
  });

  test("loses a footer, wherever the pieces are cut", () => {
    const xorb = makeXorb(contents);
    const footer = Buffer.concat([Buffer.from("XETBLOB\x01"), randomBytes(900)]);
    const all = Buffer.concat([xorb.bytes, footer]);
    for (const cut of [0, 3, 7, 8, 500]) {
      const at = xorb.bytes.length + cut;
      const { hash, stored } = parse(all.subarray(0, at), all.subarray(at));
      expect(hash).toBe(xorb.hash);
      expect(stored.length).toBe(xorb.bytes.length);
    }
  });

  test("may have LZ4 frames of several, stored and linked blocks", () => {
    const plain = frame(INDEPENDENT_64K, [
      { data: Buffer.from("stored "), stored: true },
      { data: Buffer.concat([Buffer.of(0x50), Buffer.from("block")]) },
    ]);
    // The second block copies 10 bytes from 10 bytes back, which lie in the first, and adds 5 literals.
    const linked = frame(LINKED_64K, [
      { data: Buffer.from("0123456789"), stored: true },
      { data: Buffer.concat([Buffer.of(0x06, 10, 0, 0x50), Buffer.from("abcde")]) },
    ]);
    for (const [packed, content] of [
      [plain, "stored block"],
      [linked, "01234567890123456789abcde"],
    ] as const) {
      const bytes = Buffer.concat([chunkHeader(packed.length, 1, content.length), packed]);
      expect(parse(bytes).hash).toBe(makeXorb([Buffer.from(content)]).hash);
    }
  });

  test("ungroups bytes of every length", () => {
    for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 1001, 1002, 1003]) {
      const data = randomBytes(length);
      expect(ungroupBytes(groupBytes(data)).equals(data), `${length}`).toBe(true);
    }
  });

  const good = packChunk(Buffer.from("hello"));
  const bomb = packChunk(Buffer.alloc(131_072), 1);
  test.each<[string, Buffer]>([
    ["is empty", Buffer.alloc(0)],
    ["ends in a header", Buffer.concat([good, good.subarray(0, 5)])],
    ["ends in a chunk", good.subarray(0, -1)],
    ["has a chunk of another version", Buffer.concat([chunkHeader(5, 0, 5, 1), Buffer.from("hello")])],
    ["has an unknown compression", Buffer.concat([chunkHeader(5, 3, 5), Buffer.from("hello")])],
    ["has an empty chunk", chunkHeader(0, 0, 0)],
    ["has a chunk above 128 KiB", packChunk(Buffer.alloc(131_073))],
    ["has a huge compressed chunk", Buffer.concat([chunkHeader(0xffffff, 1, 100), Buffer.alloc(1000)])],
    ["lies about a stored length", Buffer.concat([chunkHeader(5, 0, 6), Buffer.from("hello")])],
    ["lies about an unpacked length", Buffer.concat([chunkHeader(bomb.length - 8, 1, 7), bomb.subarray(8)])],
    ["has garbage for an LZ4 frame", Buffer.concat([chunkHeader(5, 1, 5), Buffer.from("hello")])],
    ["has too many chunks", Buffer.concat(Array(MAX_XORB_CHUNKS + 1).fill(packChunk(Buffer.from("x"))))],
    ["is only a footer", Buffer.from("XETBLOB\x01........")],
    ["has an endless footer", Buffer.concat([good, Buffer.from("XETBLOB\x01"), Buffer.alloc(3 << 20)])],
  ])("that %s is refused with 400", (_, bytes) => {
    expect(() => parse(bytes)).toThrow(expect.objectContaining({ status: 400 }));
  });

  test("of arbitrary bytes is refused with 400 and nothing else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          parse(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ status: 400 });
        }
      }),
    );
  });
});
