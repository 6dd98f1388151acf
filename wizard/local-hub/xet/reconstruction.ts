/** How a client puts a file, or a range of it, together from runs of chunks (hub-wire.md 4.5). */
import type { StoredFile, Term } from "./file-store.ts";
import type { XorbIndex } from "./xorb-index.ts";

/** Bytes `start` to `end`, `end` not included. */
export interface Span {
  start: number;
  end: number;
}

export interface Plan {
  /** Bytes to skip in the first chunk. */
  offset: number;
  terms: Term[];
}

type IndexOf = (xorb: string) => XorbIndex;

/** The terms that overlap `span`, narrowed to the chunks that do. `span` must lie inside the file. */
export function planSpan(file: StoredFile, span: Span, indexOf: IndexOf): Plan {
  const terms: Term[] = [];
  let offset = 0;
  let position = 0;
  for (const term of file.terms) {
    const termEnd = position + term.unpackedBytes;
    if (termEnd > span.start && position < span.end) {
      const index = indexOf(term.xorb);
      let { first, end, unpackedBytes } = term;
      let start = position;
      while (start + index.unpackedBytes(first) <= span.start) {
        start += index.unpackedBytes(first);
        unpackedBytes -= index.unpackedBytes(first++);
      }
      let stop = termEnd;
      while (stop - index.unpackedBytes(end - 1) >= span.end) {
        stop -= index.unpackedBytes(--end);
        unpackedBytes -= index.unpackedBytes(end);
      }
      if (terms.length === 0) offset = span.start - start;
      terms.push({ xorb: term.xorb, first, end, unpackedBytes });
    }
    position = termEnd;
    if (position >= span.end) break;
  }
  return { offset, terms };
}

/** A run of chunks to be fetched with one request. */
export interface Fetch {
  xorb: string;
  first: number;
  /** Exclusive. */
  end: number;
  /** In the stored xorb. */
  bytes: Span;
}

/** Per xorb the runs that `terms` need, touching ones merged, so that each term lies inside exactly one. */
export function fetchesFor(terms: readonly Term[], indexOf: IndexOf): Map<string, Fetch[]> {
  const runs = Map.groupBy(terms, (term) => term.xorb);
  return new Map(
    [...runs].map(([xorb, of]) => {
      const merged: { first: number; end: number }[] = [];
      for (const { first, end } of [...of].sort((a, b) => a.first - b.first)) {
        const last = merged.at(-1);
        if (last !== undefined && first <= last.end) last.end = Math.max(last.end, end);
        else merged.push({ first, end });
      }
      const index = indexOf(xorb);
      return [
        xorb,
        merged.map(({ first, end }) => ({
          xorb,
          first,
          end,
          bytes: { start: index.start(first), end: index.start(end) },
        })),
      ];
    }),
  );
}
