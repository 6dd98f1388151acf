import { once } from "node:events";
import type { Server } from "node:http";
import { HubStartError } from "./errors.ts";

/** Listens on `host:port`; throws `HubStartError` saying, if it is another local hub, which one has the port. */
export async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE") {
      throw new HubStartError("port_in_use", `Port ${port} on ${host} is taken${await byWhom(host, port)}.`, {
        fix: "Stop what has it, or choose another port (0 takes any free one).",
        cause: error,
      });
    }
    throw new HubStartError(
      "port_refused",
      `Cannot listen on ${host}:${port} (${code ?? "unknown error"}).`,
      {
        fix: "Choose another host or port.",
        cause: error,
      },
    );
  }
}

/** Asks the port's holder who it is. Anything but a local hub stays unnamed. */
async function byWhom(host: string, port: number): Promise<string> {
  try {
    const response = await fetch(`http://${host}:${port}/_emulator/health`, {
      signal: AbortSignal.timeout(1_000),
    });
    const health = (await response.json()) as { pid?: unknown; data_dir?: unknown };
    if (!response.headers.has("x-agent-collab-emulator")) return "";
    return ` by the local hub of ${String(health.data_dir)} (pid ${String(health.pid)})`;
  } catch {
    return "";
  }
}
