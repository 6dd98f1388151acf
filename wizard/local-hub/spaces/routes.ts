/** Spaces of the local hub: runtime, settings, logs (hub-wire.md 5.5), and the programs behind them. */
import type { HubContext, HubPart } from "../context.ts";
import { hardwareList, isHardware } from "../jobs/hardware.ts";
import { usageEvents } from "../jobs/usage-events.ts";
import { eventStream, type ServerEvent } from "../processes/event-stream.ts";
import { guardOf } from "../processes/process-guard.ts";
import { jsonObject } from "../repos/body.ts";
import { onRepoChange } from "../repos/changes.ts";
import { readableRepo, writableRepo } from "../repos/names.ts";
import type { HubRequest, HubRouter } from "../router.ts";
import { createSpace, hardwareOf, sleepSecondsOf } from "./creation.ts";
import { nextBuildRoutes } from "./next-build.ts";
import {
  deleteSetting,
  putSetting,
  type SettingKind,
  settingKey,
  settingList,
  settingOf,
} from "./settings.ts";
import { spaceRuntime } from "./space-fields.ts";
import type { SpaceRunner } from "./space-runner.ts";
import { createSpaceTables, readSpace, type SpaceState, updateSpace } from "./space-store.ts";
import { spacesOf } from "./spaces.ts";

const SPACE = "/api/spaces/:ns/:name";

/** Install after the repositories. */
export function spaceRoutes(router: HubRouter, hub: HubContext): HubPart {
  createSpaceTables(hub);
  const guard = guardOf(hub);
  const spaces = spacesOf(hub);
  const closing = new AbortController();

  onRepoChange(hub, async (change) => {
    if (change.repo.kind !== "space") return;
    if (change.type === "deleted") return spaces.remove(change.repo);
    if (change.type !== "created") return spaces.runner(change.repo).restart();
    createSpace(hub, change.repo, change.creation);
    await spaces.open(change.repo.oid);
  });

  router.add({ method: "GET", path: "/api/spaces/hardware", about: "hardware with names and prices" }, (c) =>
    c.json(hardwareList()),
  );
  router.add({ method: "GET", path: `${SPACE}/runtime`, about: "stage, hardware, error of a Space" }, (c) =>
    c.json(spaceRuntime(hub, readableRepo(hub, c, "space").repo)),
  );
  controlRoutes(router, hub);
  nextBuildRoutes(router, hub);
  settingRoutes(router, hub, "variables");
  settingRoutes(router, hub, "secrets");
  logRoutes(router, hub, closing.signal);

  spaces.openAll();
  return {
    async close() {
      closing.abort();
      await spaces.close();
      await guard.close();
    },
  };
}

/** Restart, pause, sleep time, hardware: each answers with the runtime. */
function controlRoutes(router: HubRouter, hub: HubContext): void {
  const control = (
    name: string,
    about: string,
    act: (runner: SpaceRunner, body: Record<string, unknown>) => void | Promise<void>,
  ) =>
    router.add({ method: "POST", path: `${SPACE}/${name}`, about }, async (c) => {
      const { repo } = writableRepo(hub, c, "space");
      await act(spacesOf(hub).runner(repo), await jsonObject(c));
      return c.json(spaceRuntime(hub, repo));
    });
  control("restart", "starts the Space anew, also when paused", (runner) => runner.resume());
  control("pause", "stops the Space until it is restarted", (runner) => runner.pause());
  control("sleeptime", "seconds without use until the Space sleeps", (runner, body) => {
    updateSpace(hub, runner.repo, { sleepSeconds: sleepSecondsOf(body.seconds) });
    runner.scheduleSleep();
  });
  control("hardware", "what the Space is told it runs on; it stays on this machine", (runner, body) => {
    const hardware = hardwareOf(body.flavor);
    const seconds = body.sleepTimeSeconds;
    updateSpace(hub, runner.repo, {
      hardware,
      ...(seconds === undefined ? {} : { sleepSeconds: sleepSecondsOf(seconds) }),
    });
    runner.restart();
  });
}

function settingRoutes(router: HubRouter, hub: HubContext, kind: SettingKind): void {
  const path = `${SPACE}/${kind}`;
  const answer = (c: HubRequest, repo: string) => c.json(settingList(hub, repo, kind));
  const secret = kind === "secrets";
  router.add({ method: "GET", path, about: secret ? "names of secrets, never values" : "variables" }, (c) =>
    answer(c, (secret ? writableRepo(hub, c, "space") : readableRepo(hub, c, "space")).repo.oid),
  );
  router.add(
    { method: "POST", path, about: "sets one; the Space restarts, once for several in a row" },
    async (c) => {
      const { repo } = writableRepo(hub, c, "space");
      putSetting(hub, repo.oid, kind, settingOf(await jsonObject(c)));
      spacesOf(hub).runner(repo).restart();
      return answer(c, repo.oid);
    },
  );
  router.add({ method: "DELETE", path, about: "removes one; the Space restarts" }, async (c) => {
    const { repo } = writableRepo(hub, c, "space");
    const { key } = await jsonObject(c);
    if (deleteSetting(hub, repo.oid, kind, settingKey(key))) spacesOf(hub).runner(repo).restart();
    return answer(c, repo.oid);
  });
}

function logRoutes(router: HubRouter, hub: HubContext, closing: AbortSignal): void {
  for (const kind of ["run", "build"] as const) {
    const about = `the ${kind} log as a stream of events; goes on until the Space stops`;
    router.add({ method: "GET", path: `${SPACE}/logs/${kind}`, about }, (c) => {
      const runner = spacesOf(hub).runner(writableRepo(hub, c, "space").repo);
      const log = kind === "run" ? runner.runLog : runner.buildLog;
      const tail = Number.parseInt(c.req.query("tail") ?? "", 10);
      return eventStream(c, closing, async function* (signal): AsyncGenerator<ServerEvent> {
        const options = { follow: true, signal, ...(tail >= 0 ? { tail } : {}) };
        for await (const data of log.entries(options)) yield { data };
      });
    });
  }
  router.add(
    {
      method: "GET",
      path: `${SPACE}/metrics`,
      about: "processor and memory once a second; no network, no GPU",
      support: "partial",
    },
    (c) => {
      const { repo } = writableRepo(hub, c, "space");
      const runner = spacesOf(hub).runner(repo);
      const { hardware } = readSpace(hub, repo.oid) as SpaceState;
      const options = {
        group: () => runner.group,
        isOver: () => runner.isClosed,
        flavor: isHardware(hardware) ? hardware : ("cpu-basic" as const),
        replica: repo.oid,
      };
      return eventStream(c, closing, (signal) => usageEvents(options, signal));
    },
  );
  router.add(
    { method: "GET", path: `${SPACE}/events`, about: "the runtime at each change of stage" },
    (c) => {
      const { repo } = readableRepo(hub, c, "space");
      const runner = spacesOf(hub).runner(repo);
      return eventStream(c, closing, async function* (signal): AsyncGenerator<ServerEvent> {
        while (!signal.aborted && !runner.isClosed) {
          const changed = runner.changed(signal);
          yield { data: JSON.stringify(spaceRuntime(hub, repo)) };
          await changed;
        }
      });
    },
  );
}
