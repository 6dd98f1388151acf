/** Ports for programs that cannot be told to choose one themselves. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";

/** Handed out and perhaps not yet listened on. */
const reserved = new Set<number>();

/** A port that is free now and is given to nobody else until `releasePort`. */
export async function reservePort(): Promise<number> {
  for (;;) {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, "close");
    if (reserved.has(port)) continue;
    reserved.add(port);
    return port;
  }
}

export const releasePort = (port: number): boolean => reserved.delete(port);

/** `text` of a command or an environment with the `declared` port replaced by the one that the program gets. */
export function withPort(text: string, declared: number, actual: number): string {
  return text.replace(new RegExp(`(?<![\\w.])${declared}(?![\\w.])`, "g"), String(actual));
}
