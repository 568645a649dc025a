// A process of the application, of which any may be killed at any time. `ROLE`: backend takes jobs over HTTP, worker does them.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { sql } from "kysely";
import { openJobs, reason } from "queuehost/jobs";
import { serve } from "../jobs/serve";
import { effect, settings, table } from "./table";

const opened = openJobs(table, settings(), { log: () => {} });

serve({
  /** Of the application's own. */
  async prepare() {
    const { store } = await opened;
    await sql`create table chaos_effects (job text not null)`.execute(store.db);
  },
  async work() {
    (await opened).work(["chaos"]);
  },
  async listen(): Promise<number> {
    const jobs = await opened;
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      try {
        const { id, ms, luck } = JSON.parse(body) as { id: string; ms: number; luck: number };
        const { outcome } = await jobs.enqueue(effect, { id, ms, luck }, { id });
        response.writeHead(202).end(outcome);
      } catch (error) {
        response.writeHead(503).end(reason(error));
      }
    });
    await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
    return (server.address() as AddressInfo).port;
  },
  /** How often each job's row was written; jobs that aren't finished; notes that a job has to get to the queue. */
  async state() {
    const jobs = await opened;
    const rows = await sql<{ job: string; times: number }>`
      select job, count(*) as times from chaos_effects group by job`.execute(jobs.store.db);
    const { scheduled, waiting, active, completed, failed, cancelled } = await jobs.store.counts();
    return {
      rows: rows.rows.map(({ job, times }) => [job, Number(times)]),
      unfinished: scheduled + waiting + active,
      completed,
      failed: failed + cancelled,
      outgoing: await jobs.store.outgoing(),
    };
  },
  end: async () => await (await opened).shutdown(),
});
