import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { now } from "./serve";

/** What became of one request. */
export interface Sent {
  /** When it should have been sent: a late client or a slow server doesn't make the next ones come later. */
  readonly due: number;
  /** Milliseconds from then to the answer; undefined where it failed or there was none in time. */
  readonly answered: number | undefined;
}

/** Milliseconds that a client waits for its answer. */
export const PATIENCE_MS = 30_000;

/** The same arrivals for the same seed: as of people who don't know of each other. */
function* arrivals(perSecond: number, seconds: number, seed: number): Iterable<number> {
  let state = seed;
  for (let at = 0; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    at += (-Math.log(1 - state / 2_147_483_648) / perSecond) * 1000;
    if (at > seconds * 1000) return;
    yield at;
  }
}

/** Sends requests when they are due, however many are still without an answer, and waits for the last one. */
export async function openLoad(
  url: string,
  { perSecond, seconds, seed }: { perSecond: number; seconds: number; seed: number },
  body: (number: number) => object,
): Promise<readonly Sent[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const began = now();
  const sent: Promise<Sent>[] = [];
  for (const at of arrivals(perSecond, seconds, seed)) {
    const due = began + at;
    if (due > now()) await sleep(due - now());
    const text = JSON.stringify(body(sent.length));
    sent.push(post(agent, url, text).then((ok) => ({ due, answered: ok ? now() - due : undefined })));
  }
  const all = await Promise.all(sent);
  agent.destroy();
  return all;
}

function post(agent: Agent, url: string, body: string): Promise<boolean> {
  return new Promise((settle) => {
    const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(body) };
    const asked = request(url, { agent, method: "POST", headers, timeout: PATIENCE_MS }, (response) => {
      response.resume().once("end", () => settle((response.statusCode ?? 500) < 300));
    });
    asked.once("timeout", () => asked.destroy()).once("error", () => settle(false));
    asked.end(body);
  });
}
