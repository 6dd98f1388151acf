import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import type { RouteInfo } from "../../wizard/local-hub/router.ts";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { supportDocument } from "../../wizard/local-hub/support-document.ts";
import { call } from "./support.ts";

const DOCUMENT = resolve(import.meta.dirname, "../../docs/local-hub.md");
const MARK = "-->\n";

it("docs/local-hub.md lists what the local hub really serves", async () => {
  await using hub = await startLocalHub();
  const { routes } = (await (await call(hub, "/_emulator/routes")).json()) as { routes: RouteInfo[] };
  const text = await readFile(DOCUMENT, "utf8");
  const written = text.slice(0, text.indexOf(MARK) + MARK.length);
  await expect(`${written}\n${supportDocument(routes)}`).toMatchFileSnapshot(DOCUMENT);
});

it("every operation is described in one line", async () => {
  await using hub = await startLocalHub();
  const { routes } = (await (await call(hub, "/_emulator/routes")).json()) as { routes: RouteInfo[] };
  for (const { method, path, about } of routes) {
    expect(about, `${method} ${path}`).toMatch(/^.{5,200}$/);
  }
});
