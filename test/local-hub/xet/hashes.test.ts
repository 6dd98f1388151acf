import { randomBytes } from "node:crypto";
import { fileHash, verificationHash, xorbHash } from "@huggingface/xetchunk-wasm";
import { blake3 } from "@noble/hashes/blake3.js";
import { describe, expect, test } from "vitest";
import {
  chunkHashOf,
  EMPTY_FILE_HASH,
  fileHashOf,
  hashFromText,
  hashToText,
  isHashText,
  verificationHashOf,
  xorbHashOf,
} from "../../../wizard/local-hub/xet/hashes.ts";

describe("Xet hashes", () => {
  const counting = Uint8Array.from({ length: 32 }, (_, i) => i);
  const countingText = "07060504030201000f0e0d0c0b0a090817161514131211101f1e1d1c1b1a1918";

  test("turn each group of eight bytes around as text", () => {
    expect(hashToText(counting)).toBe(countingText);
    expect(new Uint8Array(hashFromText(countingText))).toEqual(counting);
    expect([...counting]).toEqual(Array.from({ length: 32 }, (_, i) => i));
  });

  test.each(["", "0".repeat(63), "0".repeat(65), "A".repeat(64), `${"0".repeat(64)}\n`, 7, null])(
    "do not take %j for a hash",
    (text) => {
      expect(isHashText(text)).toBe(false);
    },
  );

  test("of chunks are keyed BLAKE3, as a second implementation computes it", () => {
    const key = Buffer.from("6697f5775b9550de3135cbaca597181c9de421109beb2b58b4d0b04b93adf229", "hex");
    for (const size of [1, 63, 1024, 1025, 65_536, 131_072]) {
      const data = Buffer.alloc(size, `chunk of ${size} `);
      expect(hashToText(chunkHashOf(data))).toBe(hashToText(blake3(data, { key })));
    }
  });

  test("of a xorb with one chunk are that chunk's", () => {
    const hash = chunkHashOf(Buffer.from("alone"));
    expect(xorbHashOf([{ hash, length: 5 }])).toBe(hashToText(hash));
  });

  test("of trees are those of the clients' library, whatever the number of chunks", () => {
    for (let count = 1; count < 3000; count += count < 100 ? 1 : 97) {
      const chunks = Array.from({ length: count }, (_, i) => ({ hash: randomBytes(32), length: 8192 + i }));
      expect(xorbHashOf(chunks), `${count}`).toBe(hashToText(xorbHash(chunks as never)));
      expect(fileHashOf(chunks), `${count}`).toBe(hashToText(fileHash(chunks as never)));
    }
  });

  test("of terms are those of the clients' library", () => {
    const hashes = Array.from({ length: 50 }, () => randomBytes(32));
    expect(hashToText(verificationHashOf(hashes))).toBe(hashToText(verificationHash(hashes)));
  });

  test("of an empty file are zero", () => {
    expect(fileHashOf([])).toBe(EMPTY_FILE_HASH);
  });
});
