import { CronExpressionParser } from "cron-parser";
import { type Provider, QueueUnavailable, type Recurring } from "../provider/provider";
import { NAME } from "../table/names";
import type { Context } from "./context";
import { assertJob, refuse, request } from "./request";
import type { Jobs, RecurringInput } from "./types";

type Repeating = Pick<Jobs, "setRecurring" | "removeRecurring" | "recurring">;

const MIN_EVERY_MS = 1000;
const MAX_EVERY_MS = 366 * 24 * 60 * 60 * 1000;

/** Jobs that are made again and again. They are kept where the queues are. */
export function repeating(context: Context): Repeating {
  const keeper = (): Provider => {
    if (!context.provider) throw new QueueUnavailable("QUEUE_ENABLED=false");
    return context.provider;
  };

  return {
    async setRecurring(input) {
      const recurring = checked(context, input);
      const provider = keeper();
      await provider.setRecurring(recurring);
      const set = (await provider.recurring()).find(({ name }) => name === recurring.name);
      return set ?? recurring;
    },

    async removeRecurring(name) {
      const provider = keeper();
      const found = (await provider.recurring()).find((recurring) => recurring.name === name);
      return found ? await provider.removeRecurring(found.queue, name) : false;
    },

    recurring: async () => await keeper().recurring(),
  };
}

function checked(context: Context, input: RecurringInput): Recurring {
  const { name, job, cron, everyMs, timeZone } = input;
  assertJob(context.table, job);
  if (job.orderBy)
    refuse("type", `should be one without orderBy: recurring jobs don't wait for each other, got ${job.name}`);
  if (!NAME.test(name)) refuse("name", `should be letters, digits, - and _ (at most 64), got ${JSON.stringify(name)}`);
  if ((cron === undefined) === (everyMs === undefined)) refuse("cron", "should be set, or everyMs, and not both");
  if (timeZone !== undefined) assertTimeZone(timeZone);
  if (cron !== undefined) assertCron(cron, timeZone);
  if (everyMs !== undefined && !(Number.isInteger(everyMs) && everyMs >= MIN_EVERY_MS && everyMs <= MAX_EVERY_MS))
    refuse("everyMs", `should be a whole number from ${MIN_EVERY_MS} to ${MAX_EVERY_MS}, got ${everyMs}`);
  const options = {
    ...(input.queue !== undefined && { queue: input.queue }),
    ...(input.priority !== undefined && { priority: input.priority }),
  };
  const { encoded, queue, priority, attempts, backoff } = request(context, job, input.payload, options);
  return {
    name,
    queue,
    type: job.name,
    payload: encoded.json,
    ...(cron !== undefined && { cron }),
    ...(everyMs !== undefined && { everyMs }),
    ...(timeZone !== undefined && { timeZone }),
    priority,
    attempts,
    backoff,
  };
}

function assertTimeZone(timeZone: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    refuse("timeZone", `should be a name such as Europe/Berlin, got ${JSON.stringify(timeZone)}`);
  }
}

/** @throws InputInvalid where it isn't one, or never fires */
function assertCron(cron: string, tz = "UTC"): void {
  const fields = cron.trim().split(/\s+/);
  // The parser takes less, and gives each process a time of its own for H.
  if (fields.length < 5 || fields.length > 6 || fields.some((field) => /(^|,)H/i.test(field)))
    refuse("cron", `should have five fields, or six with seconds first, got ${JSON.stringify(cron)}`);
  try {
    CronExpressionParser.parse(cron, { tz }).next();
  } catch (error) {
    refuse(
      "cron",
      `should be one that fires, such as "0 7 * * 1-5", got ${JSON.stringify(cron)} (${(error as Error).message})`,
    );
  }
}
