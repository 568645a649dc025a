// A backend that does jobs within the request, or hands them to a queue; and, as WORKER=yes, the worker of that queue.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Jobs, openJobs } from "queuehost/jobs";
import { now, serve, tell } from "./serve";
import { doWork, type KINDS, results, settingsOf, table, work } from "./table";

interface Asked {
  readonly number: number;
  readonly kind: (typeof KINDS)[number];
  readonly ms: number;
}

/** So many at a time, the others in the order in which they came: as a pool of connections gives them. */
function pool(size: number) {
  const waiting: (() => void)[] = [];
  let free = size;
  return async (run: () => Promise<void>) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((settle) => waiting.push(settle));
    await run();
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
}

let jobs: Jobs | undefined;
let server: ReturnType<typeof createServer> | undefined;

serve({
  async listen(port: number, folder: string, prefix: string, concurrency: number): Promise<number> {
    const opened = await openJobs(table, settingsOf(port, folder, prefix, concurrency), { log: () => {} });
    jobs = opened;
    await opened.settled;
    if (process.env.WORKER === "yes") {
      results.note = (number, at) => tell({ number, at });
      opened.work(["work"]);
      return 0;
    }
    const within = pool(concurrency);
    const started = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const asked = JSON.parse(body) as Asked;
      try {
        if (request.url === "/queued") await opened.enqueue(work, asked);
        else {
          await within(() => doWork(asked.kind, asked.ms));
          tell({ number: asked.number, at: now() });
        }
        response.writeHead(request.url === "/queued" ? 202 : 200).end("{}");
      } catch (error) {
        response.writeHead(500).end(String(error));
      }
    });
    server = started;
    await new Promise<void>((settle) => started.listen(0, "127.0.0.1", settle));
    return (started.address() as AddressInfo).port;
  },
  async end() {
    server?.close();
    await jobs?.shutdown();
  },
});
