import { reason } from "../verification/reason";

/** How the application answers from outside. */
export interface Health {
  readonly ok: boolean;
  readonly seen: string;
}

/** Asks once, for up to 4 s; a redirect is an answer. */
export async function healthOf(url: URL): Promise<Health> {
  const began = Date.now();
  try {
    const { status } = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(4000) });
    const ok = status >= 200 && status < 400;
    return { ok, seen: `${ok ? "healthy" : "not healthy"} (${status}, ${Date.now() - began} ms)` };
  } catch (error) {
    return { ok: false, seen: `no answer (${reason(error)})` };
  }
}
