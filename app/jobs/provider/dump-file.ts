import { randomUUID } from "node:crypto";
import { link, open, readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { reason } from "../log";
import { type Dump, digestOf, TransferRefused } from "./transfer";

const FORMAT = "queuehost-jobs";
const VERSION = 1;

const recurring = z.strictObject({
  name: z.string(),
  queue: z.string(),
  type: z.string(),
  payload: z.string(),
  cron: z.string().optional(),
  everyMs: z.number().int().positive().optional(),
  timeZone: z.string().optional(),
  priority: z.number().int(),
  attempts: z.number().int().positive(),
  backoff: z.number().nonnegative(),
});
const job = z.strictObject({
  id: z.string().min(1),
  queue: z.string(),
  type: z.string(),
  payload: z.string(),
  priority: z.number().int(),
  attempts: z.number().int().positive(),
  backoff: z.number().nonnegative(),
  runAt: z.number().nullable(),
  status: z.enum(["waiting", "scheduled", "failed"]),
});
const counts = { jobs: z.number().int(), recurring: z.number().int() };
const header = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  provider: z.enum(["bullmq", "agenda"]),
  prefix: z.string(),
  at: z.iso.datetime().transform((text) => Date.parse(text)),
  ...counts,
});
const line = z.union([z.strictObject({ job }), z.strictObject({ recurring })]);
const closing = z.strictObject({ end: z.strictObject({ ...counts, sha256: z.string() }) });

/**
 * Writes a dump: a line of JSON for each job, between a header and a line with their number and their digest. Either the
 * whole file is there in the end, readable by its owner alone, or none; one that is there already stays.
 */
export async function writeDump(path: string, dump: Dump): Promise<void> {
  const numbers = { jobs: dump.jobs.length, recurring: dump.recurring.length };
  const { provider, prefix } = dump;
  const at = new Date(dump.at).toISOString();
  const lines = [
    { format: FORMAT, version: VERSION, provider, prefix, at, ...numbers },
    ...dump.jobs.map((each) => ({ job: each })),
    ...dump.recurring.map((each) => ({ recurring: each })),
    { end: { ...numbers, sha256: digestOf(dump) } },
  ];
  const unfinished = `${path}.${randomUUID()}`;
  try {
    const file = await open(unfinished, "wx", 0o600);
    await file.writeFile(lines.map((each) => `${JSON.stringify(each)}\n`));
    await file.sync();
    await file.close();
    // Unlike a rename, this replaces no other file.
    await link(unfinished, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "is there already; name another file" : `can't be written (${reason(error)})`;
    throw new TransferRefused(`${path}: ${why}`, { cause: error });
  } finally {
    await rm(unfinished, { force: true });
  }
}

/**
 * Reads a dump.
 *
 * @throws TransferRefused that names the line when it isn't as it was written: cut off, changed, or of another kind
 */
export async function readDump(path: string): Promise<Dump> {
  const text = await readFile(path, "utf8").catch((error) => {
    throw new TransferRefused(`${path}: can't be read (${reason(error)})`, { cause: error });
  });
  const lines = text.split("\n");
  if (lines.pop() !== "" || lines.length < 2) throw new TransferRefused(`${path}: it is cut off; export again`);
  const at = <T>(schema: z.ZodType<T>, index: number, what: string): T => {
    const parsed = schema.safeParse(parse(lines.at(index)));
    if (parsed.success) return parsed.data;
    const number = index < 0 ? lines.length + index + 1 : index + 1;
    throw new TransferRefused(`${path}: line ${number} should be ${what}; export again`);
  };
  const { provider, prefix, at: time } = at(header, 0, `the header of format ${FORMAT}, version ${VERSION}`);
  const { end } = at(closing, -1, "the closing line: the file is cut off");
  const entries = lines.slice(1, -1).map((_, index) => at(line, index + 1, "a job"));
  const dump = {
    ...{ provider, prefix, at: time },
    jobs: entries.flatMap((entry) => ("job" in entry ? [entry.job] : [])),
    recurring: entries.flatMap((entry) => ("recurring" in entry ? [defined(entry.recurring)] : [])),
  };
  if (dump.jobs.length !== end.jobs || dump.recurring.length !== end.recurring) {
    const found = `${dump.jobs.length} jobs and ${dump.recurring.length} recurring ones`;
    throw new TransferRefused(`${path}: should hold ${end.jobs} and ${end.recurring}, has ${found}; export again`);
  }
  if (digestOf(dump) !== end.sha256) throw new TransferRefused(`${path}: its digest is another, so it was changed`);
  return dump;
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function defined({ cron, everyMs, timeZone, ...rest }: z.output<typeof recurring>) {
  return {
    ...rest,
    ...(cron !== undefined && { cron }),
    ...(everyMs !== undefined && { everyMs }),
    ...(timeZone !== undefined && { timeZone }),
  };
}
