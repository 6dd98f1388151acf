import { describe, expect, it } from "vitest";
import { startLocalHub } from "../../wizard/local-hub/server.ts";
import { call } from "../local-hub/support.ts";
import { Participant } from "../support/hf-cli.ts";

describe("the hf command line", () => {
  it("says who a token belongs to", async () => {
    await using hub = await startLocalHub();
    await using ada = await Participant.create(hub.url, "hf_local_ada");
    const output = await ada.hfOk(["auth", "whoami"]);
    expect(output).toContain("ada");
    expect(output).toContain("demo");
    expect(output).toContain(hub.url);
  });

  it("logs in with a token, and is told when it is wrong", async () => {
    await using hub = await startLocalHub();
    await using bob = await Participant.create(hub.url, "");
    await bob.hfOk(["auth", "login", "--token", "hf_local_bob"]);
    expect(await bob.hfOk(["auth", "whoami"])).toContain("bob");
    const wrong = await bob.hf(["auth", "login", "--token", "hf_wrong"]);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stdout + wrong.stderr).toMatch(/invalid/i);
  });

  it("asks for the agent harnesses once, and remembers the answer", async () => {
    await using hub = await startLocalHub();
    await using ada = await Participant.create(hub.url, "hf_local_ada");
    await ada.hfOk(["auth", "whoami"]);
    await ada.hfOk(["auth", "whoami"]);
    const log = await call(hub, "/_emulator/requests?path=agent-harnesses");
    expect(((await log.json()) as { requests: object[] }).requests.length).toBeLessThanOrEqual(1);
  });
});

describe("the Python library", () => {
  it("logs in by device code, and renews its token", async () => {
    await using hub = await startLocalHub();
    await using ada = await Participant.create(hub.url, "");
    const script = `
import re, threading, urllib.parse, urllib.request
from huggingface_hub import HfApi
from huggingface_hub.utils import _oauth_device as device

info = device.request_device_code()
form = urllib.parse.urlencode({"user_code": info["user_code"], "user": "ada", "org": "demo", "decision": "approve"})
approve = lambda: urllib.request.urlopen("${hub.url}/oauth/device/approve", form.encode()).read()
threading.Timer(1.5, approve).start()
tokens = device.poll_device_token(info)
print("first", HfApi().whoami(token=tokens["access_token"])["name"])
renewed = device.refresh_access_token(tokens["refresh_token"])
me = HfApi().whoami(token=renewed["access_token"])
print("second", me["name"], [org["name"] for org in me["orgs"]])
`;
    const { code, stdout, stderr } = await ada.python(script);
    expect(stderr + stdout).toContain("first ada");
    expect(stdout).toContain("second ada ['demo']");
    expect(code).toBe(0);
  });

  it("lists the members of an organisation, and tells users and organisations apart", async () => {
    await using hub = await startLocalHub();
    await using ada = await Participant.create(hub.url, "hf_local_ada");
    const { stdout, stderr } = await ada.python(`
from huggingface_hub import HfApi
api = HfApi()
print(sorted(member.username for member in api.list_organization_members("demo")))
print(api.get_user_overview("bob").username, api.get_organization_overview("demo").name)
`);
    expect(stdout, stderr).toContain("['ada', 'bob', 'cy', 'organizer']");
    expect(stdout).toContain("bob demo");
  });

  it("waits out a rate limit and an outage, as it does with the Hub", async () => {
    await using hub = await startLocalHub();
    await using ada = await Participant.create(hub.url, "hf_local_ada");
    await ada.hfOk(["buckets", "create", "ada/box"]);
    for (const rule of [
      { kind: "status", status: 429, retryAfterSeconds: 1, path: "/api/buckets/*/*/batch", count: 1 },
      { kind: "lost", path: "/api/buckets/*/*/batch", count: 1 },
      { kind: "status", status: 503, path: "/xet/*/v1/xorbs/**", count: 1 },
    ]) {
      await call(hub, "/_emulator/faults", { method: "POST", json: rule });
    }
    await ada.hfOk(["buckets", "cp", "-", "hf://buckets/ada/box/note.txt"], "hello");
    expect(await ada.hfOk(["buckets", "cp", "hf://buckets/ada/box/note.txt", "-"])).toContain("hello");
    const { faults } = (await (await call(hub, "/_emulator/faults")).json()) as {
      faults: { applied: number }[];
    };
    expect(faults.map(({ applied }) => applied)).toEqual([1, 1, 1]);
  });
});
