/** The page at `/`: what is in this hub. */
import { html } from "hono/html";
import { avatarPath } from "../accounts/avatar.ts";
import type { Html } from "../page.ts";
import type { HubState } from "./state.ts";
import { sizeText, timeText, urlPath } from "./text.ts";

export function homePage(state: HubState, origin: string): Html {
  return html`<main>
<h1>Local hub</h1>
<p>A stand-in for huggingface.co on this machine. Nothing here reaches it. Version ${state.version},
its time ${timeText(state.time)} UTC, data in <code>${state.data_dir}</code>.</p>
<pre>export HF_ENDPOINT=${origin} HF_TOKEN=hf_local_ada</pre>
<p><a href="/_emulator/state">This page as JSON</a> · <a href="/_emulator/requests">last requests</a> ·
<a href="/_emulator/counters">calls and bytes by user</a> · <a href="/_emulator/faults">faults</a> ·
<a href="/_emulator/routes">what is supported</a></p>
<h2 id="buckets">Buckets</h2>
${
  state.buckets.length === 0
    ? html`<p class="dim">None yet. Try <code>hf buckets create</code>.</p>`
    : html`<table>
<tr><th>Bucket</th><th>Files</th><th>Size</th><th>Made by</th><th>Changed</th></tr>
${state.buckets.map(
  (bucket) => html`<tr><td><a href="/buckets/${urlPath(bucket.id)}">${bucket.id}</a>${lock(bucket)}</td>
<td>${bucket.files}</td><td>${sizeText(bucket.size)}</td><td>${bucket.created_by}</td><td>${timeText(bucket.updated_at)}</td></tr>`,
)}
</table>`
}
<h2 id="spaces">Spaces</h2>
${
  state.spaces.length === 0
    ? html`<p class="dim">None yet.</p>`
    : html`<table>
<tr><th>Space</th><th>Stage</th><th>Address</th><th>Made by</th></tr>
${state.spaces.map(
  (space) => html`<tr><td><a href="/spaces/${urlPath(space.id)}">${space.id}</a>${lock(space)}</td>
<td>${space.stage}</td><td>${space.url === null ? "" : html`<a href="${space.url}">${space.url}</a>`}</td><td>${space.created_by}</td></tr>`,
)}
</table>`
}
<h2 id="jobs">Jobs</h2>
${
  state.jobs.length === 0
    ? html`<p class="dim">None yet.</p>`
    : html`<table>
<tr><th>Job</th><th>Stage</th><th>Hardware</th><th>Started by</th><th>Created</th></tr>
${state.jobs.map(
  (
    job,
  ) => html`<tr><td><a href="/jobs/${urlPath(`${job.namespace}/${job.id}`)}">${job.labels.name ?? job.id}</a> <span class="dim">${job.namespace}</span></td>
<td>${job.stage}${job.message === null ? "" : html` <span class="dim">${job.message}</span>`}</td><td>${job.flavor}</td><td>${job.created_by}</td><td>${timeText(job.created_at)}</td></tr>`,
)}
</table>`
}
<h2 id="accounts">Accounts</h2>
<table>
<tr><th>User</th><th>Token</th></tr>
${state.users.map(
  ({ name }) =>
    html`<tr><td><img class="avatar" src="${avatarPath(name)}" alt=""> ${name}</td><td><code>hf_local_${name}</code></td></tr>`,
)}
</table>
<table>
<tr><th>Organisation</th><th>Plan</th><th>Members</th></tr>
${state.orgs.map(({ name, plan, members }) => {
  const roles = Object.entries(members).map(([user, role]) => `${user} (${role})`);
  return html`<tr><td>${name}</td><td>${plan ?? "free"}</td><td>${roles.join(", ")}</td></tr>`;
})}
</table>
</main>`;
}

function lock(thing: { private: boolean }): Html {
  return thing.private ? html` <span class="dim">private</span>` : html``;
}
