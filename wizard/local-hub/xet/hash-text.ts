/** Hashes as text: every group of 8 of the 32 bytes is reversed before it becomes hex (hub-wire.md 4.1). */

/** The text form of an empty file's hash. */
export const EMPTY_FILE_HASH = "0".repeat(64);

export const isHashText = (text: unknown): text is string =>
  typeof text === "string" && /^[0-9a-f]{64}$/.test(text);

export const hashToText = (hash: Uint8Array): string => Buffer.from(hash).swap64().toString("hex");

/** The raw bytes of a text that `isHashText`. */
export const hashFromText = (text: string): Buffer => Buffer.from(text, "hex").swap64();
