/** `agent-collab pause`: the collab can be read, not written, until `resume`. */
import { registerPhase } from "./phase/set-status.ts";

export const register = registerPhase({
  name: "pause",
  status: "paused",
  done: "The collab is paused: it can be read, and writes are refused. To go on: agent-collab resume.",
});
