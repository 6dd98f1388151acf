/** A digest cut to a number of tokens, saying what was cut. What is for the reader goes last. */
import type { DocumentView } from "../types.ts";
import { briefRow, type Digest } from "./digest.ts";

export interface DigestBudget {
  tokens: number;
  /** Estimated, as the budget is: a token is some four characters. */
  used: number;
  /** What was left out, in words; empty when everything fits. */
  cut: string[];
}

const CHARACTERS_PER_TOKEN = 4;

interface Level {
  messages: number;
  results: number;
  inbox: number;
  leaders: number;
  /** Characters of one body. */
  body: number;
  /** Only the fields that say who, when and what. */
  plainFrontmatter: boolean;
}

/** From everything to almost nothing; the first that fits is taken. */
const LEVELS: readonly Level[] = [
  {
    messages: 20,
    results: 10,
    inbox: 10,
    leaders: 10,
    body: Number.POSITIVE_INFINITY,
    plainFrontmatter: false,
  },
  { messages: 20, results: 10, inbox: 10, leaders: 10, body: 2000, plainFrontmatter: false },
  { messages: 20, results: 10, inbox: 10, leaders: 10, body: 800, plainFrontmatter: true },
  { messages: 15, results: 8, inbox: 10, leaders: 10, body: 400, plainFrontmatter: true },
  { messages: 10, results: 6, inbox: 10, leaders: 8, body: 300, plainFrontmatter: true },
  { messages: 8, results: 5, inbox: 8, leaders: 5, body: 200, plainFrontmatter: true },
  { messages: 6, results: 3, inbox: 6, leaders: 5, body: 120, plainFrontmatter: true },
  { messages: 4, results: 2, inbox: 5, leaders: 3, body: 80, plainFrontmatter: true },
  { messages: 2, results: 1, inbox: 3, leaders: 3, body: 60, plainFrontmatter: true },
  { messages: 0, results: 0, inbox: 2, leaders: 1, body: 60, plainFrontmatter: true },
  { messages: 0, results: 0, inbox: 0, leaders: 1, body: 0, plainFrontmatter: true },
];

const PLAIN_FIELDS = ["agent", "timestamp", "type", "channel", "refs", "via", "status", "broadcast"];
const FIELD_LENGTH = 200;

/** `scoreField` is kept in results whatever else goes. */
export function withinBudget(
  digest: Digest,
  tokens: number,
  scoreField: string | null,
): Digest & { budget: DigestBudget } {
  let answer: (Digest & { budget: DigestBudget }) | undefined;
  for (const level of LEVELS) {
    const cut = atLevel(digest, level, scoreField);
    const used = Math.ceil(JSON.stringify(cut).length / CHARACTERS_PER_TOKEN);
    answer = { ...cut, budget: { tokens, used, cut: whatWasCut(digest, cut, level) } };
    if (used <= tokens) break;
  }
  return answer as Digest & { budget: DigestBudget };
}

function atLevel(digest: Digest, level: Level, scoreField: string | null): Digest {
  const shorten = <T extends DocumentView>(items: readonly T[], count: number) =>
    items.slice(0, count).map((item) => shortened(item, level, scoreField));
  return {
    ...digest,
    leaderboard: digest.leaderboard.slice(0, level.leaders).map((row) => ({
      ...(level.plainFrontmatter ? briefRow(row) : row),
      method: clip(row.method, Math.min(level.body, FIELD_LENGTH)),
      description: clip(row.description, Math.min(level.body, FIELD_LENGTH)),
    })),
    recent_messages: shorten(digest.recent_messages, level.messages),
    recent_results: shorten(digest.recent_results, level.results),
    inbox: digest.inbox && { count: digest.inbox.count, items: shorten(digest.inbox.items, level.inbox) },
  };
}

function shortened<T extends DocumentView>(item: T, level: Level, scoreField: string | null): T {
  const kept = [...PLAIN_FIELDS, ...(scoreField === null ? [] : [scoreField])];
  const frontmatter = level.plainFrontmatter
    ? Object.fromEntries(
        Object.entries(item.frontmatter).flatMap(([key, value]) => {
          if (!kept.includes(key)) return [];
          return [
            [
              key,
              typeof value === "object"
                ? clip(JSON.stringify(value), FIELD_LENGTH)
                : typeof value === "string"
                  ? clip(value, FIELD_LENGTH)
                  : value,
            ],
          ];
        }),
      )
    : item.frontmatter;
  return { ...item, frontmatter, body: clip(item.body, level.body) };
}

const clip = (text: string, length: number) => (text.length > length ? `${text.slice(0, length)}…` : text);

function whatWasCut(full: Digest, cut: Digest, level: Level): string[] {
  const fewer = (name: string, before: number, after: number) =>
    after < before ? [`${name}: the newest ${after} of ${before}`] : [];
  const bodies = [...full.recent_messages, ...full.recent_results, ...(full.inbox?.items ?? [])];
  return [
    ...(bodies.some(({ body }) => body.length > level.body)
      ? [`bodies: the first ${level.body} characters; GET /v1/messages/{filename} has the rest`]
      : []),
    ...(level.plainFrontmatter && bodies.length > 0
      ? [`frontmatter: only ${PLAIN_FIELDS.join(", ")} and the score`]
      : []),
    ...(cut.leaderboard.length < full.leaderboard.length
      ? [`leaderboard: the first ${cut.leaderboard.length} of ${full.leaderboard.length}`]
      : []),
    ...fewer("recent_messages", full.recent_messages.length, cut.recent_messages.length),
    ...fewer("recent_results", full.recent_results.length, cut.recent_results.length),
    ...fewer("inbox", full.inbox?.items.length ?? 0, cut.inbox?.items.length ?? 0),
  ];
}
