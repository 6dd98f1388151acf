/** The Docker of this machine, by its command line: whether it is there, and what a hub left in it. */
import { execFile } from "node:child_process";
import { HubStartError } from "../errors.ts";

/** Longer than any command here takes; an engine that hangs must not hang the hub. */
const COMMAND_LIMIT_MS = 30_000;

export const HUB_LABEL = "agent-collab.hub";
export const SPACE_LABEL = "agent-collab.space";

/** Runs `docker` with `args` and resolves with what it printed. Rejects where it fails. */
export function docker(...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("docker", args, { timeout: COMMAND_LIMIT_MS, killSignal: "SIGKILL" }, (error, stdout) =>
      error === null ? resolve(stdout.trim()) : reject(error),
    );
  });
}

/** Throws `HubStartError` unless there is a `docker` command and an engine answers it. */
export async function requireDocker(): Promise<void> {
  try {
    await docker("version", "--format", "{{.Server.Version}}");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw new HubStartError(
      "docker_unavailable",
      isMissing
        ? "There is no docker command on this machine, and Spaces are to run in Docker."
        : "Docker does not answer, and Spaces are to run in it.",
      {
        fix: `${isMissing ? "Install" : "Start"} Docker, or leave out --runner docker: Spaces then run without it.`,
        cause,
      },
    );
  }
}

/** Removes the containers and images of this instance that no watchdog removed, as after a power cut. */
export async function removeLeftovers(instanceId: string): Promise<void> {
  const ours = ["--quiet", "--filter", `label=${HUB_LABEL}=${instanceId}`];
  const containers = await docker("ps", "--all", ...ours);
  // A watchdog may be at it, too: what fails here is then gone.
  if (containers !== "") await docker("rm", "--force", ...containers.split("\n")).catch(() => {});
  const images = new Set((await docker("images", ...ours)).split("\n").filter(Boolean));
  if (images.size > 0) await docker("rmi", "--force", ...images).catch(() => {});
}
