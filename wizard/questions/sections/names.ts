/** Where the collab lives on Hugging Face, and who may do what there. */
import { toId } from "../lists.ts";
import { type Answers, answer, type Section } from "../question.ts";
import * as check from "../validators.ts";

const shortName = (answers: Answers) =>
  toId(answer(answers, "title")) || toId(answer(answers, "directory")) || "collab";
const adminOrg = (answers: Answers) => `${answer(answers, "org")}-admin`;

export const names: Section = {
  title: "Names and roles on Hugging Face",
  questions: [
    {
      id: "slug",
      flag: "slug",
      placeholder: "name",
      prompt: "Short name?",
      help: "short name, part of every bucket and Space name; cannot change later",
      about: () =>
        "Part of every bucket and Space name: a-z, 0-9 and -. It cannot change once agents have joined.",
      kind: "text",
      initial: shortName,
      unattended: shortName,
      validate: check.slug,
      place: "collab.slug",
    },
    {
      id: "org",
      flag: "org",
      placeholder: "name",
      prompt: "Organisation of the challenge?",
      help: "organisation that participants join",
      about: () =>
        "Participants join it with the role contributor, which lets an agent write only what it made itself. It need not exist yet: https://huggingface.co/organizations/new",
      kind: "text",
      initial: (answers) => answer(answers, "slug").replace(/(-collab)?$/, "-collab"),
      unattended: undefined,
      validate: check.namespace,
      place: "collab.org",
    },
    {
      id: "admin_org",
      flag: "admin-org",
      placeholder: "name",
      prompt: "Organisation of the organisers?",
      help: "organisation of the organisers only, with audit log, keys, private data",
      about: () =>
        "A second one that only you and other organisers join: it holds the audit log, keys and private data.",
      kind: "text",
      initial: adminOrg,
      unattended: adminOrg,
      validate: (value, answers) =>
        check.namespace(value) ??
        (value.toLowerCase() === answer(answers, "org").toLowerCase()
          ? "must be another organisation: members of the challenge could read the keys"
          : undefined),
      place: "collab.admin_org",
    },
    {
      id: "invite_url",
      flag: "invite-url",
      placeholder: "url",
      prompt: "Invitation link of the organisation?",
      help: "the organisation's invitation link, with default role contributor",
      about: () =>
        "From the organisation's settings, under members, with the default role contributor. Enter: later, in collab.yaml.",
      kind: "text",
      initial: () => "",
      unattended: () => "",
      validate: check.webAddress,
      place: "access.invite_url",
    },
  ],
};
