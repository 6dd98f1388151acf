/** Makes xorbs and shards byte by byte, right ones and wrong ones: what no real client would send. */
import { Buffer } from "node:buffer";
import { compressFrameSync } from "lz4-napi";
import {
  chunkHashOf,
  fileHashOf,
  hashFromText,
  verificationHashOf,
  xorbHashOf,
} from "../../../wizard/local-hub/xet/hashes.ts";

export interface Xorb {
  hash: string;
  bytes: Buffer<ArrayBuffer>;
  chunks: { hash: Uint8Array; length: number }[];
}

export function chunkHeader(
  packed: number,
  scheme: number,
  unpacked: number,
  version = 0,
): Buffer<ArrayBuffer> {
  const header = Buffer.alloc(8);
  header.writeUInt8(version, 0);
  header.writeUIntLE(packed, 1, 3);
  header.writeUInt8(scheme, 4);
  header.writeUIntLE(unpacked, 5, 3);
  return header;
}

/** The bytes by their position mod 4: first all of 0, then 1, 2, 3. */
export function groupBytes(data: Buffer): Buffer {
  return Buffer.concat([0, 1, 2, 3].map((rest) => data.filter((_, i) => i % 4 === rest)));
}

export function packChunk(data: Buffer, scheme = 0): Buffer<ArrayBuffer> {
  const packed = scheme === 0 ? data : Buffer.from(compressFrameSync(scheme === 2 ? groupBytes(data) : data));
  return Buffer.concat([chunkHeader(packed.length, scheme, data.length), packed]);
}

export function makeXorb(contents: readonly Buffer[], scheme = 0): Xorb {
  const chunks = contents.map((data) => ({ hash: chunkHashOf(data), length: data.length }));
  return {
    hash: xorbHashOf(chunks),
    bytes: Buffer.concat(contents.map((data) => packChunk(data, scheme))),
    chunks,
  };
}

export interface ForgedTerm {
  xorb: Xorb;
  first?: number;
  end?: number;
  /** Instead of the right values. */
  unpacked?: number;
  verification?: Uint8Array;
}
export interface ForgedFile {
  terms: readonly ForgedTerm[];
  hash?: string;
  withoutVerification?: boolean;
  withMetadata?: boolean;
}
export interface ForgedShard {
  files?: readonly ForgedFile[];
  xorbs?: readonly Xorb[];
  footer?: boolean;
  version?: bigint;
}

const MAGIC = Buffer.concat([
  Buffer.from("HFRepoMetaData\0"),
  Buffer.from("556967456a7b815783a5bdd95ccdd14aa9", "hex"),
]);
const BOOKEND = Buffer.concat([Buffer.alloc(32, 0xff), Buffer.alloc(16)]);

const chunksOf = ({ xorb, first = 0, end = xorb.chunks.length }: ForgedTerm) => xorb.chunks.slice(first, end);

export const fileHash = (file: ForgedFile): string => file.hash ?? fileHashOf(file.terms.flatMap(chunksOf));

export function makeShard({
  files = [],
  xorbs = [],
  footer = false,
  version = 2n,
}: ForgedShard): Buffer<ArrayBuffer> {
  const header = Buffer.concat([MAGIC, Buffer.alloc(16)]);
  header.writeBigUInt64LE(version, 32);
  header.writeBigUInt64LE(footer ? 200n : 0n, 40);
  const parts = [header, ...files.flatMap(fileRecords), BOOKEND, ...xorbs.flatMap(xorbRecords), BOOKEND];
  if (footer) parts.push(Buffer.alloc(200));
  return Buffer.concat(parts);
}

function fileRecords(file: ForgedFile): Buffer[] {
  const flags = (file.withoutVerification ? 0 : 0x80000000) + (file.withMetadata ? 0x40000000 : 0);
  return [
    record(hashFromText(fileHash(file)), flags, file.terms.length),
    ...file.terms.map((term) => {
      const { xorb, first = 0, end = xorb.chunks.length } = term;
      const unpacked = term.unpacked ?? chunksOf(term).reduce((sum, { length }) => sum + length, 0);
      return record(hashFromText(xorb.hash), 0, unpacked, first, end);
    }),
    ...(file.withoutVerification
      ? []
      : file.terms.map((term) =>
          record(term.verification ?? verificationHashOf(chunksOf(term).map(({ hash }) => hash))),
        )),
    ...(file.withMetadata ? [record(Buffer.alloc(32, 1))] : []),
  ];
}

function xorbRecords({ hash, chunks, bytes }: Xorb): Buffer[] {
  const total = chunks.reduce((sum, { length }) => sum + length, 0);
  let start = 0;
  return [
    record(hashFromText(hash), 0, chunks.length, total, bytes.length),
    ...chunks.map((chunk) => {
      start += chunk.length;
      return record(chunk.hash, start - chunk.length, chunk.length);
    }),
  ];
}

function record(hash: Uint8Array, ...values: number[]): Buffer {
  const bytes = Buffer.alloc(48);
  bytes.set(hash);
  values.forEach((value, i) => {
    bytes.writeUInt32LE(value, 32 + 4 * i);
  });
  return bytes;
}
