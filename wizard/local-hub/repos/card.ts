/** The YAML front matter of a repository's README.md, and what the Hub refuses in it. */
import { parseDocument } from "yaml";
import type { GitRepoKind } from "./store.ts";

export interface Card {
  /** Empty without front matter, or where it is broken. */
  data: Record<string, unknown>;
  errors: string[];
  warnings: string[];
}

export const SPACE_SDKS = ["docker", "static", "gradio", "streamlit"] as const;
const COLORS = ["red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"];
const MAX_SHORT_DESCRIPTION = 60;

/** Reads the front matter of `readme` and checks the keys that the Hub checks for this kind of repository. */
export function readCard(readme: string, kind: GitRepoKind): Card {
  const block = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)(?:\r?\n)?---[ \t]*(?:\r?\n|$)/.exec(readme);
  if (block === null) {
    const warnings = ["empty or missing yaml metadata in repo card"];
    return kind === "space"
      ? { data: {}, errors: ["Missing configuration in README"], warnings: [] }
      : { data: {}, errors: [], warnings };
  }
  const document = parseDocument(block[1] as string, { prettyErrors: true });
  if (document.errors.length > 0) {
    const errors = document.errors.map((error) => `Invalid YAML: ${error.message.split("\n")[0]}`);
    return { data: {}, errors, warnings: [] };
  }
  const data: unknown = document.toJS({ maxAliasCount: 20 }) ?? {};
  if (typeof data !== "object" || Array.isArray(data)) {
    return { data: {}, errors: ["The YAML metadata must be a mapping of keys to values"], warnings: [] };
  }
  const card = data as Record<string, unknown>;
  return { data: card, errors: kind === "space" ? spaceProblems(card) : [], warnings: [] };
}

function spaceProblems(card: Record<string, unknown>): string[] {
  const errors: string[] = [];
  const oneOf = (key: string, allowed: readonly string[]) => {
    if (card[key] !== undefined && !allowed.includes(card[key] as string)) {
      errors.push(`"${key}" must be one of [${allowed.join(", ")}]`);
    }
  };
  if (card.sdk === undefined) errors.push('"sdk" is required');
  oneOf("sdk", SPACE_SDKS);
  oneOf("colorFrom", COLORS);
  oneOf("colorTo", COLORS);
  const port = card.app_port;
  if (port !== undefined && !(Number.isInteger(port) && (port as number) > 0 && (port as number) < 65_536)) {
    errors.push('"app_port" must be a port number between 1 and 65535');
  }
  if (typeof card.short_description === "string" && card.short_description.length > MAX_SHORT_DESCRIPTION) {
    errors.push(`"short_description" must not be longer than ${MAX_SHORT_DESCRIPTION} characters`);
  }
  return errors;
}

/** The README of a new Space that came without one. */
export function initialSpaceReadme(name: string, sdk: string): string {
  return `---
title: ${JSON.stringify(name)}
emoji: 🤝
colorFrom: blue
colorTo: indigo
sdk: ${sdk}
pinned: false
---

Configuration reference: https://huggingface.co/docs/hub/spaces-config-reference
`;
}
