/** What came in: `/_emulator/requests` and `/_emulator/counters`. */
import { badRequest } from "../errors.ts";
import type { HubRouter } from "../router.ts";
import type { RequestLog } from "./request-log.ts";

export function trafficRoutes(router: HubRouter, log: RequestLog): void {
  const requests = "/_emulator/requests";
  router.add(
    {
      method: "GET",
      path: requests,
      about: "The last requests, tokens masked; ?after=, limit=, user=, path=, method=, and format=jsonl",
    },
    (c) => {
      const { user, path, method, format } = c.req.query();
      const found = log.list({
        after: wholeNumber("after", c.req.query("after")),
        limit: wholeNumber("limit", c.req.query("limit")),
        user,
        path,
        method,
      });
      if (format !== "jsonl") return c.json({ requests: found });
      const lines = found.map((record) => `${JSON.stringify(record)}\n`).join("");
      return c.body(lines, 200, { "Content-Type": "application/x-ndjson" });
    },
  );

  router.add(
    { method: "GET", path: "/_emulator/counters", about: "Hub and CAS calls and bytes, by user" },
    (c) => c.json({ clients: log.counters() }),
  );

  router.add({ method: "DELETE", path: requests, about: "Empties the request log and the counters" }, (c) => {
    log.clear();
    return c.json({ requests: [] });
  });
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,12}$/.test(text)) throw badRequest(`${name} must be a whole number`);
  return Number(text);
}
