/**
 * Sign-ins that are under way: authorization codes and device logins. Kept in memory; whoever is in the
 * middle of one when the hub stops begins again.
 */
import { randomBytes, randomInt } from "node:crypto";
import type { Grant, IssuedTokens } from "./grants.ts";

const CODE_MS = 10 * 60_000;
export const DEVICE_CODE_SECONDS = 900;
/** Seconds between two polls. The Hub asks for more; on one machine a second is polite enough. */
export const DEVICE_INTERVAL_SECONDS = 1;

export interface PendingCode {
  grant: Grant;
  redirectUri: string;
  codeChallenge: string | null;
  nonce: string | null;
  expiresAt: number;
  /** Set when the code was used: a second use takes these back (RFC 6749 4.1.2). */
  tokens: IssuedTokens | null;
}

export class PendingCodes {
  #codes = new Map<string, PendingCode>();

  add(pending: Omit<PendingCode, "expiresAt" | "tokens">, now: number): string {
    for (const [code, { expiresAt }] of this.#codes) if (expiresAt <= now) this.#codes.delete(code);
    const code = randomBytes(24).toString("base64url");
    this.#codes.set(code, { ...pending, expiresAt: now + CODE_MS, tokens: null });
    return code;
  }

  find(code: string, now: number): PendingCode | null {
    const pending = this.#codes.get(code);
    return pending && pending.expiresAt > now ? pending : null;
  }
}

export interface PendingDevice {
  clientId: string;
  scopes: string[];
  userCode: string;
  expiresAt: number;
  polledAt: number | null;
  outcome: "waiting" | "denied" | Grant;
}

/** No vowels and no digits that look like letters: nothing to misread, no words by accident. */
const USER_CODE_LETTERS = "BCDFGHJKLMNPQRSTVWXZ";

export class PendingDevices {
  #devices = new Map<string, PendingDevice>();

  add(clientId: string, scopes: string[], now: number): { deviceCode: string; userCode: string } {
    for (const [code, { expiresAt }] of this.#devices) if (expiresAt <= now) this.#devices.delete(code);
    const deviceCode = randomBytes(32).toString("base64url");
    const letters = Array.from({ length: 8 }, () => USER_CODE_LETTERS[randomInt(USER_CODE_LETTERS.length)]);
    const userCode = `${letters.slice(0, 4).join("")}-${letters.slice(4).join("")}`;
    const expiresAt = now + DEVICE_CODE_SECONDS * 1_000;
    this.#devices.set(deviceCode, {
      clientId,
      scopes,
      userCode,
      expiresAt,
      polledAt: null,
      outcome: "waiting",
    });
    return { deviceCode, userCode };
  }

  find(deviceCode: string): PendingDevice | null {
    return this.#devices.get(deviceCode) ?? null;
  }

  /** The login that shows this code and still waits. Case and the dash do not matter. */
  findByUserCode(userCode: string, now: number): PendingDevice | null {
    const plain = (code: string) => code.toUpperCase().replace(/[^A-Z]/g, "");
    for (const device of this.#devices.values()) {
      const isOpen = device.outcome === "waiting" && device.expiresAt > now;
      if (isOpen && plain(device.userCode) === plain(userCode)) return device;
    }
    return null;
  }

  remove(deviceCode: string): void {
    this.#devices.delete(deviceCode);
  }
}
