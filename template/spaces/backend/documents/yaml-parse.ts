/**
 * YAML text to values. The `yaml` package does the syntax (with its "failsafe" schema, where every scalar
 * is text); what scalars, tags, aliases and merges mean is decided here, as PyYAML decides it, within bounds
 * that keep a hostile file from costing memory or from breaking a reader later.
 */
import {
  type Document,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  Scalar,
} from "yaml";
import { resolvePlain, resolveTagged, ScalarError } from "./yaml-scalars.ts";
import { pythonText, type YamlMapping, type YamlValue } from "./yaml-values.ts";

/** Far above normal use: a frontmatter has a dozen short lines. */
export const YAML_BOUNDS = { characters: 65_536, values: 10_000, depth: 32 } as const;

/** Why a text is no acceptable YAML: one sentence for its author. */
export class YamlError extends Error {}

interface ParseOptions {
  /**
   * `true` (what is posted): anything a later reader could trip over is an error. `false` (what already lies
   * in a bucket): such values are shown as well as they can be.
   */
  strict: boolean;
}

/** Throws `YamlError`. Empty text is `null`. */
export function parseYaml(source: string, { strict }: ParseOptions): YamlValue {
  // A carriage return is a line break to YAML, also where the split of the file has taken its newline.
  const text = source.replace(/\r\n?/g, "\n");
  if (text.length > YAML_BOUNDS.characters) {
    throw new YamlError(`it is longer than ${YAML_BOUNDS.characters} characters`);
  }
  try {
    const document = parseDocument(text, {
      version: "1.1",
      schema: "failsafe",
      resolveKnownTags: false,
      merge: false,
      uniqueKeys: false,
      strict: true,
      logLevel: "silent",
      prettyErrors: true,
    });
    const [error] = document.errors;
    if (error) throw new YamlError(error.message.split("\n")[0]?.replace(/:$/, "") ?? "it is not YAML");
    return new Construction(document, text, strict).value(document.contents, 0);
  } catch (error) {
    if (error instanceof ScalarError) throw new YamlError(error.message);
    if (error instanceof RangeError) throw new YamlError("it is nested too deeply");
    throw error;
  }
}

const CORE = "tag:yaml.org,2002:";

/** One walk over one document; the counters bound what aliases can multiply. */
class Construction {
  readonly #document: Document;
  readonly #strict: boolean;
  /** Collections being built at this moment: meeting one again is a cycle. */
  readonly #open = new Set<Node>();
  readonly #length: number;
  readonly #endsWithNewline: boolean;
  #values = 0;

  constructor(document: Document, text: string, strict: boolean) {
    this.#document = document;
    this.#length = text.length;
    this.#endsWithNewline = text.endsWith("\n");
    this.#strict = strict;
  }

  value(node: unknown, depth: number): YamlValue {
    this.#values += 1;
    if (this.#values > YAML_BOUNDS.values) {
      throw new YamlError(`it holds more than ${YAML_BOUNDS.values} values once aliases are expanded`);
    }
    if (depth > YAML_BOUNDS.depth)
      throw new YamlError(`it is nested deeper than ${YAML_BOUNDS.depth} levels`);
    if (isAlias(node)) return this.value(this.#target(node), depth);
    if (isScalar(node)) return this.#scalar(node);
    if (!isMap(node) && !isSeq(node)) return null;
    if (this.#open.has(node)) {
      if (this.#strict) throw new YamlError("an anchor contains itself");
      return null;
    }
    this.#open.add(node);
    try {
      return isMap(node) ? this.#map(node, depth) : this.#seq(node, depth);
    } finally {
      this.#open.delete(node);
    }
  }

  #target(alias: Parameters<typeof isAlias>[0] & { resolve(doc: Document): unknown }): unknown {
    const target = alias.resolve(this.#document);
    if (target === undefined) throw new YamlError("an alias names an anchor that does not exist");
    return target;
  }

  #scalar(node: Scalar): YamlValue {
    const text = this.#text(node);
    const tag = node.tag;
    if (tag === undefined)
      return node.type === Scalar.PLAIN || node.value === null ? resolvePlain(text) : text;
    if (tag === "!") return text === "" && node.type === Scalar.PLAIN ? null : text;
    if (!tag.startsWith(CORE)) throw new YamlError(`the tag ${tag} is not allowed`);
    const name = tag.slice(CORE.length);
    return name === "binary" ? this.#binary(text) : resolveTagged(name, text);
  }

  /** A block scalar that the end of the text cuts off has no final newline, in PyYAML as in the text. */
  #text(node: Scalar): string {
    const text = typeof node.value === "string" ? node.value : "";
    const isBlock = node.type === Scalar.BLOCK_LITERAL || node.type === Scalar.BLOCK_FOLDED;
    const cutOff = isBlock && !this.#endsWithNewline && (node.range?.[1] ?? 0) >= this.#length;
    return cutOff && text.endsWith("\n") ? text.slice(0, -1) : text;
  }

  /** Bytes are shown as the text they spell; JSON has no other way. */
  #binary(text: string): string {
    const base64 = text.replace(/\s/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) throw new YamlError("!!binary does not hold base64");
    try {
      return new TextDecoder("utf-8", { fatal: this.#strict, ignoreBOM: true }).decode(
        Buffer.from(base64, "base64"),
      );
    } catch {
      throw new YamlError("!!binary does not hold UTF-8 text");
    }
  }

  #seq(node: Extract<Node, { items: unknown[] }>, depth: number): YamlValue {
    const kind = this.#collectionKind(node, ["seq", "omap", "pairs"]);
    if (kind === "seq") return node.items.map((item) => this.value(item, depth + 1));
    return node.items.map((item) => {
      const entries = isMap(item) ? item.items : isPair(item) ? [item] : [];
      const [pair] = entries;
      if (entries.length !== 1 || !isPair(pair)) throw new YamlError(`!!${kind} needs a list of single keys`);
      return [this.value(pair.key, depth + 1), this.value(pair.value, depth + 1)];
    });
  }

  #map(node: Extract<Node, { items: unknown[] }>, depth: number): YamlValue {
    const kind = this.#collectionKind(node, ["map", "set"]);
    const own: YamlMapping = new Map();
    const merged: YamlMapping[] = [];
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      if (isMergeKey(pair.key)) merged.push(...this.#merges(pair.value, depth));
      else own.set(this.#key(pair.key, depth), this.value(pair.value, depth + 1));
    }
    if (kind === "set") return [...own.keys()];
    if (merged.length === 0) return own;
    // The first mapping named wins over later ones, and the mapping's own keys over all of them.
    const result: YamlMapping = new Map();
    for (const source of [...merged].reverse()) for (const [key, value] of source) result.set(key, value);
    for (const [key, value] of own) result.set(key, value);
    return result;
  }

  #merges(node: unknown, depth: number): YamlMapping[] {
    const value = this.value(node, depth + 1);
    const sources = Array.isArray(value) ? value : [value];
    return sources.map((source) => {
      if (source instanceof Map) return source;
      throw new YamlError("<< needs a mapping, or a list of mappings");
    });
  }

  #key(node: unknown, depth: number): string {
    if (isScalar(node) && node.value === "=") return "=";
    const value = this.value(node, depth + 1);
    if (typeof value === "string") return value;
    if (this.#strict) {
      throw new YamlError(`the key ${pythonText(value).slice(0, 40)} is not text; put it in quotes`);
    }
    return pythonText(value);
  }

  #collectionKind(node: Node, allowed: readonly string[]): string {
    const tag = "tag" in node && typeof node.tag === "string" ? node.tag : undefined;
    const [untagged = ""] = allowed;
    if (tag === undefined || tag === "!") return untagged;
    const name = tag.startsWith(CORE) ? tag.slice(CORE.length) : tag;
    if (!allowed.includes(name)) throw new YamlError(`the tag ${name} is not allowed here`);
    return name;
  }
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === Scalar.PLAIN && key.value === "<<" && key.tag === undefined;
}
