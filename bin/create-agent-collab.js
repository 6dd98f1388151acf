#!/usr/bin/env node
// `npm create agent-collab …` and `npx create-agent-collab …`: the command `create` of agent-collab.
import start from "./start.cjs";

start(["create", ...process.argv.slice(2)]);
