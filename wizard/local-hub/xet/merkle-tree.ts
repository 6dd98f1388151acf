/**
 * The tree of hashes over the chunks of a xorb or file (hub-wire.md 4.1), built while the chunks come in: it holds
 * one unfinished group a level, so a file of any size needs a few hundred bytes.
 */
import { Hasher } from "@huggingface/blake3-jit";
import { hashToText } from "./hash-text.ts";

const NODE_KEY = Uint8Array.of(
  ...[1, 126, 197, 199, 165, 71, 41, 150, 253, 148, 102, 102, 180, 138, 2, 230],
  ...[93, 221, 83, 111, 55, 199, 109, 210, 248, 99, 82, 230, 74, 83, 113, 63],
);
const nodeHasher = Hasher.newKeyed(NODE_KEY);

/** A group has at least 3 nodes (the last one of a level may have fewer) and at most 9. */
const MIN_GROUP = 3;
const MAX_GROUP = 9;
/** Where the low byte of the last number of a hash is: divisible by 4, it ends a group. */
const CUT_BYTE = 24;

interface Level {
  /** Lines of the children of the group that is open. */
  text: string;
  size: number;
  /** Bytes under the group. */
  length: number;
  /** Nodes of this level, finished groups included. */
  nodes: number;
  /** The first node, which is the root if it stays alone. */
  first: Uint8Array;
}

export class MerkleTree {
  readonly #levels: Level[] = [];

  /** `hash` is copied where it is kept. */
  push(hash: Uint8Array, length: number): void {
    this.#pushTo(0, hash, length);
  }

  /** The raw root; 32 zero bytes when there is no chunk. The tree is used up. */
  root(): Uint8Array {
    for (let depth = 0; depth < this.#levels.length; depth++) {
      const level = this.#levels[depth] as Level;
      if (level.nodes === 1) return level.first;
      if (level.size > 0) this.#closeGroup(depth);
    }
    return new Uint8Array(32);
  }

  #pushTo(depth: number, hash: Uint8Array, length: number): void {
    this.#levels[depth] ??= { text: "", size: 0, length: 0, nodes: 0, first: Uint8Array.from(hash) };
    const level = this.#levels[depth] as Level;
    level.text += `${hashToText(hash)} : ${length}\n`;
    level.size += 1;
    level.length += length;
    level.nodes += 1;
    const isCut = (hash[CUT_BYTE] as number) % 4 === 0;
    if (level.size === MAX_GROUP || (level.size >= MIN_GROUP && isCut)) this.#closeGroup(depth);
  }

  #closeGroup(depth: number): void {
    const level = this.#levels[depth] as Level;
    const hash = nodeHasher.reset().update(Buffer.from(level.text, "latin1")).finalize(32);
    const { length } = level;
    level.text = "";
    level.size = 0;
    level.length = 0;
    this.#pushTo(depth + 1, hash, length);
  }
}
