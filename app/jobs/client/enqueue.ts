import { InputInvalid, PayloadInvalid } from "../errors";
import type { Transaction } from "../store/store";
import type { AnyJob, PayloadOf } from "../table/types";
import type { Commits } from "./commits";
import type { Context } from "./context";
import { deliver, send } from "./deliver";
import { known, stored } from "./outcome";
import { type Request, refuse, request, toJob, toTask } from "./request";
import type { Enqueued, EnqueueOptions, Jobs } from "./types";

type Enqueueing = Pick<Jobs, "enqueue" | "enqueueBulk" | "batch" | "enqueueIn" | "schedule">;

/** What brings jobs to the queue. */
export function enqueueing(context: Context, commits: Commits): Enqueueing {
  const enqueue = async <Job extends AnyJob>(job: Job, payload: PayloadOf<Job>, options: EnqueueOptions = {}) => {
    const wanted = request(context, job, payload, options);
    await context.pressure.admit(wanted.queue, 1);
    if (job.tracked === false) return only(await send(context, [toJob(wanted)]));
    const { task, isNew } = await context.store.insert(toTask(wanted));
    return isNew ? only(await deliver(context, [toJob(wanted)])) : known(wanted, task);
  };

  const enqueueBulk: Enqueueing["enqueueBulk"] = async (job, payloads, options = {}) => {
    const wanted = payloads.map((payload, index) => within(index, () => request(context, job, payload, options)));
    const [first] = wanted;
    if (!first) return [];
    await context.pressure.admit(first.queue, wanted.length);
    if (job.tracked === false) return await send(context, wanted.map(toJob));
    return await (job.idFrom ? storeEach(context, wanted) : storeAll(context, wanted));
  };

  return {
    enqueue,
    enqueueBulk,
    batch: async (job, items, size, payload) => {
      if (!(Number.isInteger(size) && size >= 1)) refuse("size", `should be a whole number from 1, got ${size}`);
      const starts = Array.from({ length: Math.ceil(items.length / size) }, (_, index) => index * size);
      return await enqueueBulk(
        job,
        starts.map((start) => payload(items.slice(start, start + size))),
      );
    },
    enqueueIn: async (transaction, job, payload, options = {}) => {
      if (job.tracked === false) refuse("type", `should be tracked to be in a transaction, ${job.name} isn't`);
      const wanted = request(context, job, payload, options);
      context.pressure.admitAtOnce(wanted.queue, 1);
      return await storeIn(context, commits, transaction, wanted);
    },
    schedule: (job, at, payload, options = {}) => enqueue(job, payload, { ...options, at }),
  };
}

async function storeIn(context: Context, commits: Commits, transaction: Transaction, wanted: Request) {
  const { task, isNew } = await context.store.insert(toTask(wanted), transaction);
  if (!isNew) return known(wanted, task);
  commits.note(transaction, toJob(wanted));
  return stored(wanted);
}

async function storeAll(context: Context, wanted: readonly Request[]): Promise<readonly Enqueued[]> {
  await context.store.insertMany(wanted.map(toTask));
  return await deliver(context, wanted.map(toJob));
}

/** Where ids come from payloads, some of them may be known. */
async function storeEach(context: Context, wanted: readonly Request[]): Promise<readonly Enqueued[]> {
  const knownOnes = await context.store.transaction(async (transaction) => {
    const found = new Map<Request, Enqueued>();
    for (const one of wanted) {
      const { task, isNew } = await context.store.insert(toTask(one), transaction);
      if (!isNew) found.set(one, known(one, task));
    }
    return found;
  });
  const delivered = await deliver(context, wanted.filter((one) => !knownOnes.has(one)).map(toJob));
  const outcomes = new Map(delivered.map((outcome) => [outcome.id, outcome]));
  return wanted.map((one) => knownOnes.get(one) ?? outcomes.get(one.id) ?? stored(one));
}

function only(outcomes: readonly Enqueued[]): Enqueued {
  const [outcome] = outcomes;
  if (!outcome) throw new Error("a job was enqueued without an outcome");
  return outcome;
}

/** Puts the index in front of the path of a fault. */
function within<T>(index: number, work: () => T): T {
  const at = (path: string) => (path === "" ? String(index) : `${index}.${path}`);
  try {
    return work();
  } catch (error) {
    if (error instanceof InputInvalid) throw new InputInvalid({ ...error.fault, path: at(error.fault.path) });
    if (!(error instanceof PayloadInvalid)) throw error;
    throw new PayloadInvalid(
      error.job,
      error.faults.map((fault) => ({ ...fault, path: at(fault.path) })),
    );
  }
}
