import { type Fault, TableInvalid } from "../errors";
import { NAME } from "./names";
import { PRIORITY, type QueueDefinition, type Retention, type Table } from "./types";

/**
 * The queues and types of jobs of an application.
 *
 * @throws TableInvalid that names all faults at once: names that occur twice, a type whose queue isn't there ...
 */
export function defineTable<const Queues extends Readonly<Record<string, QueueDefinition>>>(
  table: Omit<Table, "queues"> & { readonly queues: Queues },
): Table & { readonly queues: Queues } {
  const faults = [...faultsOfQueues(table), ...faultsOfJobs(table), ...faultsOfOrder(table)];
  if (faults.length > 0) throw new TableInvalid(faults);
  return table;
}

function* faultsOfQueues({ queues }: Table): Iterable<Fault> {
  const names = Object.keys(queues);
  if (names.length === 0) yield { path: "queues", message: "should have at least one" };
  const storedAs = new Map<string, string>();
  for (const [name, queue] of Object.entries(queues)) {
    const path = `queues.${name}`;
    const stored = queue.storedAs ?? name;
    if (!NAME.test(name) || !NAME.test(stored))
      yield { path, message: "name and storedAs should be letters, digits, - and _ (at most 64)" };
    const other = storedAs.get(stored);
    if (other !== undefined) yield { path: `${path}.storedAs`, message: `should not be ${other}'s too, got ${stored}` };
    storedAs.set(stored, name);
    yield* faultsOfRetention(`${path}.keepCompleted`, queue.keepCompleted);
    yield* faultsOfRetention(`${path}.keepFailed`, queue.keepFailed);
    const { rateLimit, maxWaiting, priority } = queue;
    if (priority !== undefined && !Object.hasOwn(PRIORITY, priority))
      yield { path: `${path}.priority`, message: `should be high, normal or low, got ${priority}` };
    if (rateLimit && !(rateLimit.max >= 1 && rateLimit.perMs >= 1))
      yield { path: `${path}.rateLimit`, message: "should be at least one job per at least one millisecond" };
    if (maxWaiting !== undefined && !(maxWaiting >= 1))
      yield { path: `${path}.maxWaiting`, message: `should be at least 1, got ${maxWaiting}` };
  }
}

function* faultsOfRetention(path: string, keep: Retention | undefined): Iterable<Fault> {
  if (keep && !(keep.age >= 0 && keep.count >= 0)) yield { path, message: "should be an age and a count from 0" };
}

function* faultsOfJobs({ queues, jobs }: Table): Iterable<Fault> {
  const seen = new Set<string>();
  for (const [index, job] of jobs.entries()) {
    // Files that import each other in a circle leave one undefined.
    if (typeof job?.run !== "function") {
      yield { path: `jobs.${index}`, message: `should be made by defineJob, got ${job?.name ?? String(job)}` };
      continue;
    }
    const { name, queue } = job;
    if (seen.has(name)) yield { path: `jobs.${name}`, message: "should be there once" };
    seen.add(name);
    if (!Object.hasOwn(queues, queue))
      yield { path: `jobs.${name}.queue`, message: `should be one of ${Object.keys(queues).join(", ")}, got ${queue}` };
  }
}

function* faultsOfOrder({ queues, ordered = [] }: Table): Iterable<Fault> {
  const seen = new Set<string>();
  for (const name of ordered.flat()) {
    const message = Object.hasOwn(queues, name) ? "should be there once" : "should be the name of a queue";
    if (seen.has(name) || !Object.hasOwn(queues, name)) yield { path: `ordered.${name}`, message };
    seen.add(name);
  }
}
