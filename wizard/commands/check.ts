import type { RegisterCommand } from "./index.ts";
export const register: RegisterCommand = (command) => {
  command.argument("[dir]", "the collab directory", ".").action(() => {});
};
