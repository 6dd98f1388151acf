/** What `docker build` and `docker run` are told. Pure; secrets are in no argument, since `ps` shows those. */

import { HUB_LABEL, SPACE_LABEL } from "./docker-engine.ts";
import type { DockerImage } from "./dockerfile.ts";
import { withPort } from "./ports.ts";

/**
 * How a container and this machine reach each other. `host`: one network, as Docker on Linux can. `published`:
 * the container's port appears on this machine, which is `host.docker.internal` inside.
 */
export type DockerNetwork = "host" | "published";

export const networkOf = (platform: NodeJS.Platform): DockerNetwork =>
  platform === "linux" ? "host" : "published";

export const HOST_INSIDE = "host.docker.internal";

export interface ContainerLabels {
  instanceId: string;
  /** `namespace/name`. */
  space: string;
}

export interface BuildCommand extends ContainerLabels {
  network: DockerNetwork;
  variables: Record<string, string>;
  /** The build context. */
  checkout: string;
  /** Docker writes the image's id there. */
  imageIdFile: string;
  /** Makes the image this version's own, so that removing it takes none from another version. */
  version: string;
}

export function buildArguments(options: BuildCommand): string[] {
  return [
    "build",
    // Without BuildKit a RUN step that fails would leave its container, which has no label.
    "--force-rm",
    ...(options.network === "host" ? ["--network", "host"] : []),
    ...labels(options),
    ...["--label", `agent-collab.version=${options.version}`],
    ...Object.entries(options.variables).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...["--iidfile", options.imageIdFile],
    options.checkout,
  ];
}

export interface RunCommand extends ContainerLabels {
  network: DockerNetwork;
  /** Id of the built image. */
  built: string;
  image: DockerImage;
  name: string;
  /** Of this machine. */
  port: number;
  appPort: number;
  /** Facts, variables and secrets of the Space. */
  env: Record<string, string>;
}

/**
 * The arguments, and the environment for the `docker` command: each `--env NAME` takes its value from there.
 * In the host's network several Spaces share the ports, so the declared one is replaced in the command and in
 * the image's environment, as without Docker.
 */
export function runCommand(options: RunCommand): { args: string[]; env: Record<string, string> } {
  const { network, image, appPort, port } = options;
  const isShared = network === "host";
  const local = (text: string) => (isShared ? withPort(text, appPort, port) : text);
  const moved = Object.entries(image.env).filter(([, value]) => local(value) !== value);
  const env = {
    ...Object.fromEntries(moved.map(([name, value]) => [name, local(value)])),
    ...(isShared ? options.env : seenFromInside(options.env)),
    NO_PROXY: `127.0.0.1,localhost,${HOST_INSIDE}`,
    no_proxy: `127.0.0.1,localhost,${HOST_INSIDE}`,
    PORT: String(isShared ? port : appPort),
  };
  const command = image.command.map(local);
  const isMoved = command.some((word, index) => word !== image.command[index]);
  const [program, ...words] = command;
  const args = [
    ...["run", "--rm", "--init", "--pull", "never", "--name", options.name],
    ...labels(options),
    ...(isShared ? ["--network", "host"] : ["--publish", `127.0.0.1:${port}:${appPort}`]),
    ...Object.keys(env).flatMap((name) => ["--env", name]),
    ...(isMoved ? ["--entrypoint", program as string, options.built, ...words] : [options.built]),
  ];
  return { args, env };
}

/** Variables that steer the `docker` command itself: a Space's value for one would be taken as ours. */
export const clientVariables = (env: Record<string, string>): string[] =>
  Object.keys(env).filter((name) => /^(PATH|HOME|DOCKER_.*)$/i.test(name));

function labels({ instanceId, space }: ContainerLabels): string[] {
  return ["--label", `${HUB_LABEL}=${instanceId}`, "--label", `${SPACE_LABEL}=${space}`];
}

/** The hub's address is this machine's, which has another name in a container with a network of its own. */
function seenFromInside(env: Record<string, string>): Record<string, string> {
  const inside = { ...env };
  for (const name of ["HF_ENDPOINT", "OPENID_PROVIDER_URL"]) {
    const value = inside[name];
    if (value !== undefined)
      inside[name] = value.replace(/\/\/(127\.0\.0\.1|localhost)(?=[:/]|$)/, `//${HOST_INSIDE}`);
  }
  return inside;
}
