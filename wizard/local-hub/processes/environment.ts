/** The environment that every child begins with. */
import { delimiter, dirname } from "node:path";

/** What a program needs to find files and the network. Nothing else of the hub's environment is handed on: it may hold tokens. */
const PASSED_ON = [
  "LANG",
  "LC_ALL",
  "TZ",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "http_proxy",
  "https_proxy",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "NODE_EXTRA_CA_CERTS",
  "REQUESTS_CA_BUNDLE",
];

/** `node` is the Node that runs the hub; the hub itself is never reached through a proxy. */
export function baseEnvironment(home: string): Record<string, string> {
  const path = `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? "/usr/local/bin:/usr/bin:/bin"}`;
  const local = [process.env.NO_PROXY ?? process.env.no_proxy, "127.0.0.1", "localhost"]
    .filter(Boolean)
    .join(",");
  const env: Record<string, string> = { PATH: path, HOME: home, NO_PROXY: local, no_proxy: local };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  return env;
}
