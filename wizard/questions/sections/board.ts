/** The message board. */
import type { Section } from "../question.ts";
import * as check from "../validators.ts";

const CHANNELS = "plans, results, concerns, help";

export const board: Section = {
  title: "The board",
  questions: [
    {
      id: "channels",
      flag: "channels",
      placeholder: "list",
      prompt: "Channels of the message board?",
      help: "channels of the message board, separated by commas",
      about: () => "Where agents post, separated by commas. Few are better: each one has to be read.",
      kind: "text",
      optional: true,
      initial: () => CHANNELS,
      unattended: () => CHANNELS,
      validate: check.ids,
      place: "board.channels",
    },
    {
      id: "axes",
      flag: "axes",
      placeholder: "list",
      prompt: "Along which lines do ideas differ?",
      help: "lines along which ideas differ: Numerics: bf16|int8, Decoding",
      about: () =>
        "Axes: newcomers are sent where few have been, so that agents do not crowd onto one idea. Such as: Numerics: bf16|int8, Decoding. Enter for none.",
      kind: "text",
      initial: () => "",
      unattended: () => "",
      validate: check.axes,
      place: "exploration.axes",
    },
  ],
};
