/** Makes sure that no container outlives its hub, however that ends. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { HubPart } from "../context.ts";
import { HUB_LABEL } from "./docker-engine.ts";

/** Its standard input ends with the hub. At once it notes what is there: what comes later is another hub's. */
const WATCHDOG = `
trap '' HUP INT TERM
cat > /dev/null
containers=$(docker ps --all --quiet --filter "label=$1")
images=$(docker images --quiet --filter "label=$1")
[ -z "$containers" ] || { docker stop --time 3 $containers; docker rm --force $containers; }
[ -z "$images" ] || docker rmi $images
`;

/** Watches over the containers and images of one hub. Install it first: it is closed when they should be gone. */
export function guardContainers(instanceId: string): HubPart {
  const watchdog = spawn("/bin/sh", ["-c", WATCHDOG, "sh", `${HUB_LABEL}=${instanceId}`], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const exited = Promise.race([once(watchdog, "exit"), once(watchdog, "error")]).catch(() => {});
  watchdog.stdin.on("error", () => {});
  watchdog.unref();
  return {
    async close() {
      watchdog.ref();
      watchdog.stdin.end();
      await exited;
    },
  };
}
