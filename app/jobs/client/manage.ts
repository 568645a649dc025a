import { JobFailed } from "../errors";
import { type NewJob, QueueUnavailable } from "../provider/provider";
import type { DeadLetter, NewTask, Task } from "../store/store";
import { findJob, priorityOf } from "../table/defaults";
import { decode, encode } from "../table/payload";
import type { Keys } from "../table/secrets";
import { type AnyJob, PRIORITY } from "../table/types";
import type { Context } from "./context";
import { deliver, send } from "./deliver";
import { findQueued } from "./look";
import { assertQueue, checkedPriority, orderKeyOf, refuse } from "./request";
import type { Jobs } from "./types";

type Managing = Pick<Jobs, "cancel" | "setPriority" | "retry" | "pause" | "resume">;

/** What changes jobs that are there, and queues. */
export function managing(context: Context): Managing {
  const { table, store, provider, relay } = context;

  const queueOf = (queue: string) => {
    assertQueue(table, queue);
    if (!provider) throw new QueueUnavailable("QUEUE_ENABLED=false");
    return provider;
  };

  return {
    async cancel(id) {
      const outcome = await store.cancel(id);
      if (outcome === "unknown") return await cancelQueued(context, id);
      if (outcome === "cancelled") {
        const task = await store.find(id);
        // While the queue is away it keeps the job: the worker that takes it finds the task cancelled.
        if (task) await provider?.remove(task.queue, id).catch(ignoreUnavailable);
        // The next one of its order key may go.
        relay?.wake();
      }
      return outcome;
    },

    async setPriority(id, wanted) {
      const asked = checkedPriority(wanted);
      const priority = typeof asked === "number" ? asked : PRIORITY[asked];
      const isTask = await store.setPriority(id, priority);
      const queue = (await store.find(id))?.queue ?? (await findQueued(context, id))?.queue;
      if (queue === undefined) return false;
      const inQueue = await provider?.setPriority(queue, id, priority).catch((error: unknown) => {
        if (isTask) return ignoreUnavailable(error);
        throw error;
      });
      return isTask || inQueue === true;
    },

    retry: (id) => retry(context, id),

    pause: async (queue) => await queueOf(queue).pause(queue),
    resume: async (queue) => await queueOf(queue).resume(queue),
  };
}

async function cancelQueued(context: Context, id: string): ReturnType<Jobs["cancel"]> {
  const job = await findQueued(context, id);
  if (!job) return "unknown";
  if (job.status === "completed" || job.status === "failed") return "finished";
  const removed = await context.provider?.remove(job.queue, id);
  if (removed === "active")
    refuse("id", `runs, and a running job of the type ${job.type} can't be cancelled: it isn't tracked`);
  if (removed === "recurring") refuse("id", "is the next run of a recurring job: remove or change that");
  return removed === "removed" ? "cancelled" : "finished";
}

/** Runs a failed or cancelled job again, from the task table, the queue or its dead letter, whichever has it. */
async function retry(context: Context, id: string): ReturnType<Jobs["retry"]> {
  const { store } = context;
  const [task, letter] = await Promise.all([store.find(id), store.deadLetter(id)]);
  try {
    const outcome = await (task ? retryTask(context, task) : retryQueued(context, id, letter));
    // One that has failed again by now has a new letter.
    if (letter && (outcome === "retried" || outcome === "completed")) await store.removeDeadLetter(id, letter.failedAt);
    return outcome;
  } catch (error) {
    if (!(error instanceof JobFailed)) throw error;
    // It was run here; its status and its letter say that it failed again.
    return "retried";
  }
}

async function retryTask(context: Context, task: Task): ReturnType<Jobs["retry"]> {
  if (task.status === "completed") return "completed";
  if (!(await context.store.reopen(task.id))) return "unfinished";
  await deliver(context, [{ ...toNewJob(task), runAt: null }]);
  return "retried";
}

async function retryQueued(context: Context, id: string, letter: DeadLetter | undefined): ReturnType<Jobs["retry"]> {
  const job = await findQueued(context, id);
  if (job?.status === "completed") return "completed";
  if (job && job.status !== "failed") return "unfinished";
  if (job && (await context.provider?.retry(job.queue, id))) return "retried";
  const type = letter && findJob(context.table, letter.type);
  if (!letter || !type) return "unknown";
  const task = fromLetter(context, type, letter);
  if (type.tracked === false) await send(context, [toNewJob(task)]);
  else {
    await context.store.insert(task);
    await deliver(context, [toNewJob(task)]);
  }
  return "retried";
}

/** The task table forgets sooner than the dead letters. */
function fromLetter({ table, settings }: Context, job: AnyJob, letter: DeadLetter): NewTask {
  const { id, type, queue, payload } = letter;
  return {
    id,
    type,
    queue,
    payload,
    ...traits(job, payload, settings.encryptionKeys),
    priority: priorityOf(table, job, queue),
    attempts: job.attempts ?? settings.attempts,
    backoff: job.backoff ?? settings.backoffMs,
    runAt: null,
  };
}

/** What is read from a payload; the run will say what is wrong with one that can't be read. */
function traits(job: AnyJob, payload: string, keys: Keys): Pick<NewTask, "digest" | "orderKey"> {
  try {
    const value = decode(job, payload, keys) as never;
    return { digest: encode(job, value, keys).digest(), orderKey: orderKeyOf(job, value) };
  } catch {
    return { digest: "", orderKey: null };
  }
}

function toNewJob({ id, queue, type, payload, priority, attempts, backoff, runAt }: NewTask): NewJob {
  return { id, queue, type, payload, priority, attempts, backoff, runAt };
}

function ignoreUnavailable(error: unknown): undefined {
  if (!(error instanceof QueueUnavailable)) throw error;
}
