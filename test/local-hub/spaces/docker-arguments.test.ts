/** What the docker command is told, for both ways in which a container reaches its hub. */
import { describe, expect, test } from "vitest";
import {
  buildArguments,
  clientVariables,
  networkOf,
  type RunCommand,
  runCommand,
} from "../../../wizard/local-hub/spaces/docker-arguments.ts";
import { readDockerfile } from "../../../wizard/local-hub/spaces/dockerfile.ts";

const run = (dockerfile: string, more: Partial<RunCommand> = {}) =>
  runCommand({
    network: "host",
    instanceId: "0123456789ab",
    space: "demo/app",
    built: "sha256:1",
    image: readDockerfile(`FROM node:24\n${dockerfile}`),
    name: "agent-collab-1",
    port: 41_000,
    appPort: 7860,
    env: { HF_ENDPOINT: "http://127.0.0.1:7878", TOKEN: "a secret\nof two lines" },
    ...more,
  });

/** The word after each `flag`. */
const values = (args: readonly string[], flag: string) =>
  args.filter((_, index) => args[index - 1] === flag).toSorted();

describe("docker run", () => {
  test.each(["host", "published"] as const)(
    "names each variable and shows the value of none (%s)",
    (network) => {
      const { args, env } = run('CMD ["node", "server.js"]', { network });
      expect(env.TOKEN).toBe("a secret\nof two lines");
      expect(values(args, "--env")).toEqual(Object.keys(env).toSorted());
      expect(args.join("\n")).not.toContain("secret");
    },
  );

  test("labels the container, lets it leave nothing, and gives it no privilege", () => {
    const { args } = run('CMD ["node", "server.js"]');
    expect(values(args, "--label")).toEqual(["agent-collab.hub=0123456789ab", "agent-collab.space=demo/app"]);
    expect(args).toContain("--rm");
    expect(args.join(" ")).not.toMatch(/privileged|--volume|--mount|--cap-add|--user/);
  });

  test("in the host's network, has the declared port replaced where the image says it", () => {
    const { args, env } = run('ENV SERVER_PORT=7860 OTHER=1\nCMD ["serve", "--port", "7860"]');
    expect(values(args, "--network")).toEqual(["host"]);
    expect(env).toMatchObject({
      PORT: "41000",
      SERVER_PORT: "41000",
      HF_ENDPOINT: "http://127.0.0.1:7878",
    });
    expect(env).not.toHaveProperty("OTHER");
    expect(args.slice(-5)).toEqual(["--entrypoint", "serve", "sha256:1", "--port", "41000"]);
  });

  test("leaves a command that does not say the port to the image, entry point of the base included", () => {
    expect(run('CMD ["node", "server.js"]').args.at(-1)).toBe("sha256:1");
  });

  test("elsewhere, publishes the declared port on this machine only and finds the hub by its name inside", () => {
    const { args, env } = run('CMD ["serve", "--port", "7860"]', { network: "published" });
    expect(values(args, "--publish")).toEqual(["127.0.0.1:41000:7860"]);
    expect(args.at(-1)).toBe("sha256:1");
    expect(env).toMatchObject({ PORT: "7860", HF_ENDPOINT: "http://host.docker.internal:7878" });
    expect(args).not.toContain("--network");
  });
});

test("docker build takes the Space's variables as build arguments, and labels the image", () => {
  const args = buildArguments({
    network: "host",
    instanceId: "0123456789ab",
    space: "demo/app",
    variables: { FLAVOUR: "plain and simple" },
    checkout: "/tmp/checkout",
    imageIdFile: "/tmp/image-id",
    version: "1",
  });
  expect(values(args, "--build-arg")).toEqual(["FLAVOUR=plain and simple"]);
  expect(values(args, "--label")).toContain("agent-collab.hub=0123456789ab");
  expect(args.at(-1)).toBe("/tmp/checkout");
});

test.each([
  ["linux", "host"],
  ["darwin", "published"],
  ["win32", "published"],
] as const)("on %s a container's network is: %s", (platform, network) => {
  expect(networkOf(platform)).toBe(network);
});

test("variables that would steer the docker command itself are told apart", () => {
  const names = ["PATH", "HOME", "DOCKER_HOST", "docker_config", "HOMEPAGE", "MY_PATH", "PORT"];
  const env = Object.fromEntries(names.map((name) => [name, "x"]));
  expect(clientVariables(env)).toEqual(["PATH", "HOME", "DOCKER_HOST", "docker_config"]);
});
