import { randomBytes } from "node:crypto";
import { open } from "node:fs/promises";

const PIECE = 1_000_000;

/** A file of which three quarters are random and one quarter is text that compresses well. */
export async function writeMixedFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  try {
    for (let done = 0, i = 0; done < bytes; i++) {
      const piece = i % 4 === 3 ? Buffer.alloc(PIECE, `step ${i}: all is well\n`) : randomBytes(PIECE);
      done += (await file.write(piece, 0, Math.min(PIECE, bytes - done))).bytesWritten;
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
