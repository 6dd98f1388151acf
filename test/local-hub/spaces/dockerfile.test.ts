import { describe, expect, test } from "vitest";
import { DockerfileError, readDockerfile } from "../../../wizard/local-hub/spaces/dockerfile.ts";

const command = (...lines: string[]) => readDockerfile(["FROM node:24", ...lines].join("\n")).command;

describe("a Dockerfile's command", () => {
  test.each([
    [['CMD ["node", "a b.js"]'], ["node", "a b.js"]],
    [["CMD node server.js --port 7860"], ["/bin/sh", "-c", "node server.js --port 7860"]],
    [
      ['ENTRYPOINT ["node"]', 'CMD ["a.js"]'],
      ["node", "a.js"],
    ],
    [['ENTRYPOINT ["node", "a.js"]'], ["node", "a.js"]],
    [
      ["ENTRYPOINT node a.js", 'CMD ["ignored"]'],
      ["/bin/sh", "-c", "node a.js"],
    ],
    [['CMD ["first"]', 'CMD ["last"]'], ["last"]],
    [['cmd ["lower"]'], ["lower"]],
    [["CMD ['not', 'json']"], ["/bin/sh", "-c", "['not', 'json']"]],
    [
      ["CMD node \\", "  # a comment in between", "  server.js"],
      ["/bin/sh", "-c", "node   server.js"],
    ],
  ])("of %j is %j", (lines, expected) => {
    expect(command(...lines)).toEqual(expected);
  });

  test("is that of the last stage, which inherits from the stage it is built on", () => {
    const image = readDockerfile(`
      FROM node:24 AS base
      ENV A=1
      WORKDIR /srv
      CMD ["base"]
      FROM base AS build
      CMD ["build"]
      FROM base
      ENV B=2`);
    expect(image).toMatchObject({ command: ["base"], env: { A: "1", B: "2" }, workdir: "/srv" });
  });

  test.each([
    ["", "no FROM"],
    ["RUN x", "before the first FROM"],
    ["FROM x", "neither CMD nor ENTRYPOINT"],
    ["FROM x\nnonsense", "line 2: not an instruction: nonsense"],
  ])("is missing from %j", (text, message) => {
    expect(() => readDockerfile(text)).toThrow(DockerfileError);
    expect(() => readDockerfile(text)).toThrow(message);
  });
});

describe("a Dockerfile's environment", () => {
  test("has every form of ENV, with values filled in", () => {
    const { env } = readDockerfile(
      [
        "ARG TAG=1",
        "FROM node:$TAG",
        "ARG MODE=dev",
        "ARG FLAVOUR",
        "ENV HOME=/home/user \\",
        "    PATH=/home/user/bin:$PATH",
        "ENV QUOTED=\"a b\" SINGLE='c $HOME d' ESCAPED=e\\ f",
        "ENV OLD style value",
        `ENV ALL=$HOME/\${MODE}/\${NONE:-default}/\${MODE:+set} FLAVOUR=$FLAVOUR`,
        "CMD x",
      ].join("\n"),
      { FLAVOUR: "from a variable" },
    );
    expect(env).toEqual({
      HOME: "/home/user",
      PATH: "/home/user/bin:",
      QUOTED: "a b",
      SINGLE: "c /home/user d",
      ESCAPED: "e f",
      OLD: "style value",
      ALL: "/home/user/dev/default/set",
      FLAVOUR: "from a variable",
    });
  });
});

describe("a Dockerfile's files", () => {
  test("are copies from the repository, with folders told from files", () => {
    const { copies, workdir, runSteps } = readDockerfile(`
      FROM node:24 AS build
      RUN npm ci
      FROM node:24
      WORKDIR /home/user
      WORKDIR app
      COPY --from=build /x /y
      COPY --chown=user . .
      COPY a.txt b.txt ./sub/
      COPY ["with space.txt", "/abs.txt"]
      ADD https://example.com/x /x
      RUN <<EOF
      COPY this is not an instruction
      EOF
      RUN a && \\
          b
      CMD x`);
    expect(workdir).toBe("/home/user/app");
    expect(runSteps).toBe(2);
    expect(copies).toEqual([
      { sources: ["."], destination: "/home/user/app/" },
      { sources: ["a.txt", "b.txt"], destination: "/home/user/app/sub/" },
      { sources: ["with space.txt"], destination: "/abs.txt" },
      { sources: [], destination: "/x" },
    ]);
  });
});
