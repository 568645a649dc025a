import { createHmac, timingSafeEqual } from "node:crypto";
import { Unrecoverable } from "queuehost/jobs";
import type { Outbound } from "./outbound";

/** Seconds that a signature counts, as receivers are asked to hold it. */
const TOLERANCE_S = 300;

/** `t=<seconds since 1970>,v1=<hex>`: HMAC-SHA256 over `<t>.<body>`, so that neither can be changed, nor sent again later. */
export function sign(secret: string, body: string, at = new Date()): string {
  const t = Math.floor(at.getTime() / 1000);
  return `t=${t},v1=${createHmac("sha256", secret).update(`${t}.${body}`).digest("hex")}`;
}

/** What a receiver does with the header. */
export function isSigned(secret: string, body: string, header: string, now = new Date()): boolean {
  const [, t = ""] = /^t=(\d{1,12}),v1=[0-9a-f]{64}$/.exec(header) ?? [];
  if (t === "" || Math.abs(now.getTime() / 1000 - Number(t)) > TOLERANCE_S) return false;
  return timingSafeEqual(Buffer.from(header), Buffer.from(sign(secret, body, new Date(Number(t) * 1000))));
}

export interface Webhook {
  readonly event: string;
  readonly endpoint: string;
  readonly payload: unknown;
  /** A signature of the caller's own, handed on. */
  readonly signature?: string | undefined;
}

/**
 * Sends an event once. `key` goes along as Idempotency-Key: a receiver that gets it twice knows.
 *
 * @returns the receiver's status, 200 to 299
 * @throws Unrecoverable where the receiver says that it never will: 400 to 499 but 408, 425 and 429, or a redirect
 */
export async function dispatch(
  outbound: Outbound,
  secret: string | undefined,
  { event, endpoint, payload, signature }: Webhook,
  key: string,
  signal?: AbortSignal,
): Promise<{ status: number }> {
  if (secret === undefined) throw new Unrecoverable("WEBHOOK_SECRET: is not set, so no webhook can be signed");
  const body = JSON.stringify({ id: key, event, data: payload });
  const { status } = await outbound.request(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "idempotency-key": key,
      "webhook-signature": sign(secret, body),
      ...(signature === undefined ? {} : { "x-signature": signature }),
    },
    body,
    signal,
  });
  if (status >= 200 && status < 300) return { status };
  const message = `the receiver answered ${status}`;
  throw status >= 500 || [408, 425, 429].includes(status) ? new Error(message) : new Unrecoverable(message);
}
