import { get as overHttp } from "node:http";
import { get as overHttps } from "node:https";
import type { Subject } from "../verification/check";

/** How the application answers from outside. */
export interface Health {
  readonly ok: boolean;
  readonly seen: string;
}

const TIMEOUT_MS = 4000;

/** Asks the backend by the way that everybody takes, once; undefined where there is no backend. A redirect is an answer. */
export async function healthOf({
  host,
  url,
  healthPath,
  certificates,
}: Pick<Subject, "host" | "url" | "healthPath" | "certificates">): Promise<Health | undefined> {
  if (healthPath === undefined) return undefined;
  const target = new URL(healthPath, url);
  // The names of a rehearsal lead nowhere, and the server vouches for them itself: what is asked after here is the backend.
  const inRehearsal = { host, servername: target.hostname, headers: { host: target.host }, rejectUnauthorized: false };
  const get = target.protocol === "https:" ? overHttps : overHttp;
  const began = Date.now();
  return new Promise((settle) => {
    const request = get(target, {
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(certificates === "internal" && target.protocol === "https:" ? inRehearsal : {}),
    });
    request.on("response", ({ statusCode = 0 }) => {
      request.destroy();
      const ok = statusCode >= 200 && statusCode < 400;
      settle({ ok, seen: `${ok ? "healthy" : "not healthy"} (${statusCode}, ${Date.now() - began} ms)` });
    });
    request.on("error", ({ name, message }) =>
      settle({ ok: false, seen: name === "AbortError" ? `no answer within ${TIMEOUT_MS / 1000} s` : message }),
    );
  });
}
