/**
 * The output of a process, kept on disk as the Hub streams it: one JSON object a line, `{data, timestamp}`.
 * Memory stays flat however long the log or slow the reader.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";

/** A process that prints without end must not fill the disk. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;

export class LineLog {
  readonly file: string;
  readonly #now: () => number;
  #descriptor: number | null = null;
  #bytes = 0;
  #pending: string[] = [];
  #ended = true;
  readonly #waiting = new Set<() => void>();
  /** Rises whenever readers have reason to look again: one that was reading meanwhile was not waiting. */
  #flushes = 0;

  /** A finished log; `start` makes it a new, growing one. */
  constructor(file: string, now: () => number) {
    this.file = file;
    this.#now = now;
  }

  /** Empties the log and opens it for lines. */
  start(): this {
    this.end();
    mkdirSync(dirname(this.file), { recursive: true });
    this.#descriptor = openSync(this.file, "w", 0o600);
    this.#bytes = 0;
    this.#ended = false;
    return this;
  }

  /** Adds a line, given without its line break. Ignored once the log has ended. */
  append(line: string): void {
    if (this.#ended || this.#bytes > MAX_LOG_BYTES) return;
    const timestamp = new Date(this.#now()).toISOString();
    const entry = `${JSON.stringify({ data: `${line}\n`, timestamp })}\n`;
    this.#bytes += Buffer.byteLength(entry);
    const full = this.#bytes > MAX_LOG_BYTES;
    const notice = {
      data: `The log is longer than ${MAX_LOG_BYTES} bytes; the rest is left out\n`,
      timestamp,
    };
    if (this.#pending.push(full ? `${JSON.stringify(notice)}\n` : entry) === 1)
      setImmediate(() => this.#flush());
  }

  #flush(): void {
    if (this.#pending.length > 0 && this.#descriptor !== null) {
      writeSync(this.#descriptor, this.#pending.join(""));
    }
    this.#pending = [];
    this.#wake();
  }

  #wake(): void {
    this.#flushes++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** No more lines: readers that follow come to their end. */
  end(): void {
    this.#flush();
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
    this.#ended = true;
    this.#wake();
  }

  /** The last `count` lines as text, without line breaks. */
  lastLines(count: number): string[] {
    this.#flush();
    if (!existsSync(this.file)) return [];
    const descriptor = openSync(this.file, "r");
    try {
      const block = Buffer.alloc(BLOCK_BYTES);
      const { size } = fstatSync(descriptor);
      const start = Math.max(0, size - BLOCK_BYTES);
      const read = readSync(descriptor, block, 0, BLOCK_BYTES, start);
      const lines = block.toString("utf-8", 0, read).split("\n");
      if (start > 0) lines.shift();
      const entries = lines.filter((line) => line !== "").slice(-count);
      return entries.map((line) => (JSON.parse(line) as { data: string }).data.replace(/\n$/, ""));
    } finally {
      closeSync(descriptor);
    }
  }

  /**
   * Entries as JSON text, from the first line or the last `tail`. With `follow`, goes on until the log
   * ends or `signal` fires.
   */
  async *entries(options: { tail?: number; follow: boolean; signal: AbortSignal }): AsyncGenerator<string> {
    const { tail, follow, signal } = options;
    this.#flush();
    if (!existsSync(this.file)) return;
    // Before the first pause: what is appended from here on is not of the tail.
    const { size } = statSync(this.file);
    const handle = await open(this.file, "r");
    try {
      let offset = tail === undefined ? 0 : await tailOffset(handle, tail, size);
      let rest: Buffer = Buffer.alloc(0);
      while (!signal.aborted) {
        const ended = this.#ended;
        const flushes = this.#flushes;
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, offset);
        if (bytesRead > 0) {
          offset += bytesRead;
          const data = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
          const complete = data.lastIndexOf(10) + 1;
          rest = data.subarray(complete);
          for (const line of data.toString("utf-8", 0, complete).split("\n")) if (line !== "") yield line;
        } else if (ended || !follow) {
          return;
        } else if (flushes === this.#flushes) {
          await this.#change(signal);
        }
      }
    } finally {
      await handle.close();
    }
  }

  /** Resolves at the next flush, at the end of the log or when `signal` fires. */
  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}

/** Where the last `count` lines of the first `size` bytes begin. */
async function tailOffset(handle: FileHandle, count: number, size: number): Promise<number> {
  if (count === 0) return size;
  let breaks = 0;
  for (let end = size; end > 0; end -= BLOCK_BYTES) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(end - start), 0, end - start, start);
    for (let index = bytesRead - 1; index >= 0; index -= 1) {
      // The last byte of the file is the break of the last line.
      if (buffer[index] === 10 && start + index < size - 1 && ++breaks >= count) return start + index + 1;
    }
  }
  return 0;
}
