import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import type { Job, Queue } from "bullmq";
import type { Jobs } from "queuehost/jobs";
import { typeOf } from "./job-types";
import { Problem } from "./problems";

type Statuses = Parameters<BullMQAdapter["getJobs"]>[0];

const UNTOUCHED: Statuses = ["waiting", "prioritized", "paused"];

/**
 * A queue on the board. BullMQ is only one of the two places that know a tracked job: what the board adds, retries or removes
 * goes through `jobs`, or the task table would go on saying what was true before.
 */
export class BoardQueue extends BullMQAdapter {
  /** @param table the queue's name in the table */
  constructor(
    private readonly jobs: Jobs,
    private readonly table: string,
    queue: Queue,
  ) {
    super(queue, { displayName: table, description: jobs.table.queues[table]?.description ?? "" });
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job && this.minded(job);
  }

  override async getJobs(...which: Parameters<BullMQAdapter["getJobs"]>): Promise<Job[]> {
    return (await super.getJobs(...which)).map((job) => this.minded(job));
  }

  override async addJob(...[name, data, { delay }]: Parameters<BullMQAdapter["addJob"]>): Promise<Job> {
    const { id } = await this.jobs.enqueue(typeOf(this.jobs, name), data, {
      queue: this.table,
      ...(delay ? { delay } : {}),
    });
    const job = await this.getJob(id);
    if (!job) throw new Problem(503, `Job ${id} waits in the task table until its queue can be reached.`);
    return job;
  }

  override async clean(...[status, graceMs]: Parameters<BullMQAdapter["clean"]>): Promise<void> {
    if (status === "completed" || status === "failed") await super.clean(status, graceMs);
    else await this.removeAll([status === "wait" ? "waiting" : status]);
  }

  override async empty(): Promise<void> {
    await this.removeAll(UNTOUCHED);
  }

  override async obliterate(options?: { force?: boolean }): Promise<void> {
    await this.removeAll([...UNTOUCHED, "delayed"]);
    await super.obliterate(options);
  }

  private async removeAll(statuses: Statuses): Promise<void> {
    for (const job of await this.getJobs(statuses)) await job.remove();
  }

  private minded(job: Job): Job {
    const { id = "" } = job;
    const remove = job.remove.bind(job);
    return Object.assign(job, {
      retry: async () => {
        const outcome = await this.jobs.retry(id);
        if (outcome !== "retried") throw new Problem(409, `Job ${id} is ${outcome}: there is nothing to retry.`);
      },
      remove: async (...options: Parameters<typeof remove>) => {
        const outcome = await this.jobs.cancel(id);
        if (outcome === "finished" || outcome === "unknown") await remove(...options);
      },
    });
  }
}
