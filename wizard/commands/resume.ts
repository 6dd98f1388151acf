/** `agent-collab resume`: the collab takes writes again. */
import { registerPhase } from "./phase/set-status.ts";

export const register = registerPhase({
  name: "resume",
  status: "open",
  done: "The collab is open: agents can write again.",
});
