import { setTimeout as sleep } from "node:timers/promises";

/** Waits until `probe` holds; the time-out names what never happened. */
export async function waitFor(what: string, probe: () => boolean | Promise<boolean>, seconds: number): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(100)) if (await probe()) return;
  throw new Error(`waited ${seconds} s for ${what}`);
}
