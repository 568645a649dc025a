// A program whose memory is measured: `ROLE` worker does jobs, backend enqueues tracked ones.
import { openJobs } from "queuehost/jobs";
import { serve } from "./serve";
import { counter, plain, settingsOf, table, tracked } from "./table";

const { ROLE = "", REDIS = "", FOLDER = "" } = process.env;
let done = 0;

const opened = openJobs(table, settingsOf(Number(REDIS), FOLDER, ROLE, 50), { log: () => {} });

serve({
  async ready() {
    const jobs = await opened;
    await jobs.settled;
    if (ROLE === "worker") jobs.work(["bench"]);
    counter.count = () => {
      done += 1;
    };
  },
  /** Jobs that this process has done or, as a backend, brought to the queue. */
  done: () => done,
  async add(data: { to: string; subject: string; body: string }, n: number) {
    await (await opened).enqueueBulk(ROLE === "worker" ? plain : tracked, Array(n).fill(data));
    if (ROLE === "backend") done += n;
  },
  collect: () => globalThis.gc?.(),
  end: () => process.exit(0),
});
