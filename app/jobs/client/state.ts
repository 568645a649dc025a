import type { QueuedJob } from "../provider/provider";
import type { Task } from "../store/store";
import type { JobState } from "./types";

/** A task as its users see it. */
export function stateOf(task: Task): JobState {
  return {
    ...common(task),
    ...(task.message !== null && { message: task.message }),
    ...(task.cancelRequested && { cancelRequested: true }),
  };
}

/** A job that only its queue knows, in the same words. */
export function stateOfQueued(job: QueuedJob): JobState {
  return common(job);
}

type Common = Omit<Task, "message" | "cancelRequested" | "payload" | "digest" | "orderKey" | "backoff">;

function common(job: Common): JobState {
  const { id, type, queue, status, priority, attempt, attempts, createdAt, result, error } = job;
  return {
    id,
    type,
    queue,
    status,
    progress: status === "completed" ? 100 : job.progress,
    priority,
    attempt,
    attempts,
    createdAt: new Date(createdAt).toISOString(),
    ...(job.runAt !== null && { runAt: new Date(job.runAt).toISOString() }),
    ...(job.startedAt !== null && { startedAt: new Date(job.startedAt).toISOString() }),
    ...(job.finishedAt !== null && { finishedAt: new Date(job.finishedAt).toISOString() }),
    ...(result !== null && { result: JSON.parse(result) as unknown }),
    ...(error !== null && { error }),
  };
}
