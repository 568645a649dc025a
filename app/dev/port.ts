import { once } from "node:events";
import { createServer } from "node:net";
import type { DevEnvironment } from "./environment";
import { DevFault } from "./fault";

/** @throws DevFault where the application's port is taken, with who has it */
export async function assertFree({ host, port, url }: DevEnvironment): Promise<void> {
  const server = createServer();
  try {
    await once(server.listen(Number(port), host), "listening");
  } catch (error) {
    // What is no port or no address at all, the application says itself.
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") return;
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) }).catch(() => undefined);
    const who = answer?.ok ? "this application, which runs already" : "another program";
    throw new DevFault(`PORT: ${host}:${port} is in use by ${who}. Stop that one, or set another PORT.`);
  }
  server.close();
}
