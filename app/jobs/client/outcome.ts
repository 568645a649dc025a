import { IdTaken } from "../errors";
import type { NewJob } from "../provider/provider";
import type { Task } from "../store/store";
import type { Request } from "./request";
import type { Enqueued } from "./types";

const statusOf = ({ runAt }: Pick<NewJob, "runAt">) => (runAt === null ? "waiting" : "scheduled");

type Job = Pick<NewJob, "id" | "runAt">;

export const queued = (job: Job): Enqueued => ({ id: job.id, outcome: "queued", status: statusOf(job) });
export const stored = (job: Job): Enqueued => ({ id: job.id, outcome: "stored", status: statusOf(job) });
export const done = ({ id }: Job): Enqueued => ({ id, outcome: "done", status: "completed" });

/**
 * What was there before under the id of a job.
 *
 * @throws IdTaken when that is something else
 */
export function known({ id, encoded }: Request, task: Task): Enqueued {
  if (!encoded.matches(task.digest)) throw new IdTaken(`${id} already stands for another job`);
  return { id, outcome: "known", status: task.status };
}
