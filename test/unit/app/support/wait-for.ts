import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Polls until the probe gives something truthy; the time-out names what never happened. */
export async function waitFor<T>(what: string, probe: () => T | Promise<T>, timeoutMs = 5000): Promise<T & {}> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const seen = await probe();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`never happened within ${timeoutMs} ms: ${what}`);
    await sleep(25);
  }
}

/** A port of 127.0.0.1 that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
