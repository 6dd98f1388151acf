/** A Job: what it was told to do, how it went, what it printed. */
import { html } from "hono/html";
import type { HubContext } from "../context.ts";
import { HubHttpError } from "../errors.ts";
import { jobLog } from "../jobs/job-runner.ts";
import { findJob } from "../jobs/job-store.ts";
import { sendPage } from "../page.ts";
import type { HubRouter } from "../router.ts";
import { logView } from "./space-pages.ts";
import { timeText } from "./text.ts";

const SHOWN_LINES = 1_000;

export function jobPages(router: HubRouter, hub: HubContext): void {
  router.add({ method: "GET", path: "/jobs/:ns/:id", about: "Page: a Job with its log" }, (c) => {
    const job = findJob(hub, c.req.param("id"));
    if (!job || job.namespace !== c.req.param("ns")) {
      throw new HubHttpError(404, `There is no Job ${c.req.param("ns")}/${c.req.param("id")}`);
    }
    const { spec } = job;
    const rows: [string, string][] = [
      ["Image", spec.dockerImage ?? spec.spaceId ?? ""],
      ["Command", [...spec.command, ...spec.arguments].map((word) => JSON.stringify(word)).join(" ")],
      ["Hardware", spec.flavor],
      [
        "Labels",
        Object.entries(job.labels)
          .map(([key, value]) => `${key}=${value}`)
          .join(", "),
      ],
      ["Secrets", spec.secretNames.join(", ")],
      ["Started by", job.createdBy],
      ["Created", timeText(job.createdAt)],
      ["Started", job.startedAt === null ? "" : timeText(job.startedAt)],
      ["Finished", job.finishedAt === null ? "" : timeText(job.finishedAt)],
    ];
    const body = html`<main><p><a href="/">Local hub</a></p><h1>Job ${job.labels.name ?? job.id}</h1>
<p><strong>${job.stage}</strong> ${job.message ?? ""}</p>
<table>${rows.filter(([, value]) => value !== "").map(([name, value]) => html`<tr><th>${name}</th><td>${value}</td></tr>`)}</table>
<h2>Log</h2>${logView(jobLog(hub, job.id).lastLines(SHOWN_LINES))}</main>`;
    return sendPage(c, { title: `Job ${job.id}`, body });
  });
}
