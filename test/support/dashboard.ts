/** A dashboard as a browser sees it: a static Space with an OAuth app, and people who sign in through it. */
import { createHash, randomBytes } from "node:crypto";
import { createHub } from "../../template/hub/client.ts";
import type { LocalHub } from "../../wizard/local-hub/server.ts";
import { tokenOf } from "./backend.ts";

export interface CodeSignIn {
  code: string;
  code_verifier: string;
  redirect_uri: string;
  nonce: string;
}

export interface TokenSignIn {
  access_token: string;
  id_token: string;
  nonce: string;
}

interface SignInOptions {
  scope?: string;
  clientId?: string;
  redirectUri?: string;
  nonce?: string;
}

export class Dashboard {
  readonly localHub: LocalHub;
  readonly origin: string;
  readonly clientId: string;

  private constructor(localHub: LocalHub, origin: string, clientId: string) {
    this.localHub = localHub;
    this.origin = origin;
    this.clientId = clientId;
  }

  /** Made by the organisers, as a deployment would; resolves when its page is there. */
  static async create(localHub: LocalHub, id = "demo/gemma-dashboard"): Promise<Dashboard> {
    const space = createHub({ endpoint: localHub.url, token: tokenOf("organizer") }).space(id);
    await space.create({ sdk: "static" });
    await space.commit({
      message: "A dashboard",
      put: [
        {
          path: "README.md",
          content: "---\nsdk: static\nhf_oauth: true\nhf_oauth_expiration_minutes: 480\n---\n",
        },
        { path: "index.html", content: "<!doctype html><html><head><title>D</title></head></html>" },
      ],
    });
    for (;;) {
      const host = (await space.info())?.host;
      const page = host ? await fetch(host).catch(() => null) : null;
      const clientId = page?.ok ? /"OAUTH_CLIENT_ID":"([^"]+)"/.exec(await page.text())?.[1] : undefined;
      if (host && clientId) return new Dashboard(localHub, new URL(host).origin, clientId);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** What the page has in hand when `user` comes back from the Hub's consent page. */
  async signIn(user: string, options: SignInOptions = {}): Promise<CodeSignIn> {
    const { scope = "openid profile", clientId = this.clientId, redirectUri = `${this.origin}/` } = options;
    const verifier = randomBytes(48).toString("base64url");
    const nonce = options.nonce ?? randomBytes(16).toString("base64url");
    const query = new URLSearchParams({
      client_id: clientId,
      redirect_uri: redirectUri,
      response_type: "code",
      scope,
      state: randomBytes(16).toString("base64url"),
      nonce,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }).toString();
    const answer = await fetch(`${this.localHub.url}/oauth/authorize`, {
      method: "POST",
      body: new URLSearchParams({ request: query, user, decision: "approve" }),
      redirect: "manual",
    });
    const code = URL.parse(answer.headers.get("location") ?? "")?.searchParams.get("code");
    if (!code) throw new Error(`no code for ${user}: ${answer.status} ${await answer.text()}`);
    return { code, code_verifier: verifier, redirect_uri: redirectUri, nonce };
  }

  /** The same, where the page redeems the code itself. */
  async tokens(user: string, options: SignInOptions = {}): Promise<TokenSignIn> {
    const { nonce, ...proof } = await this.signIn(user, options);
    const answer = await fetch(`${this.localHub.url}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "authorization_code", ...proof }),
    });
    const { access_token, id_token } = (await answer.json()) as Record<string, string>;
    return { access_token: access_token ?? "", id_token: id_token ?? "", nonce };
  }

  /** An OAuth app of somebody else that redirects anywhere it likes. */
  async foreignApp(redirectUri: string): Promise<string> {
    const answer = await fetch(`${this.localHub.url}/oauth/register`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        redirect_uris: [redirectUri],
        client_name: "Another app",
        token_endpoint_auth_method: "none",
      }),
    });
    return ((await answer.json()) as { client_id: string }).client_id;
  }
}
