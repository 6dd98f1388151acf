#!/usr/bin/env node
import start from "./start.cjs";

start(process.argv.slice(2));
