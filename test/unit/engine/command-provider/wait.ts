import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `probe` says yes; the error of one that doesn't, within 10 s, names what never happened. */
export async function waitFor(what: string, probe: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!probe()) {
    if (Date.now() > deadline) throw new Error(`waited 10 s for ${what}`);
    await sleep(20);
  }
}
