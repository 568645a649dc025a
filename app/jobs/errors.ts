/** One fault of an input: where, and what was expected. */
export interface Fault {
  /** Such as `items.3.sku`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

const line = ({ path, message }: Fault) => (path === "" ? message : `${path}: ${message}`);

/** A payload that the job's type refuses; nothing was stored. */
export class PayloadInvalid extends Error {
  override name = "PayloadInvalid";
  constructor(
    readonly job: string,
    readonly faults: readonly Fault[],
  ) {
    super(`${job}: ${faults.map(line).join("; ")}`);
  }
}

/** An option or argument that can't be: a queue that isn't in the table, a date in the past, a cron that never fires. */
export class InputInvalid extends Error {
  override name = "InputInvalid";
  constructor(readonly fault: Fault) {
    super(line(fault));
  }
}

/** A job that this release doesn't know, or can't read, and another one may: it waits for that, for a day. */
export class OtherRelease extends Error {
  override name = "OtherRelease";
}

/** This id stands for another payload. */
export class IdTaken extends Error {
  override name = "IdTaken";
}

/** More jobs wait than the queue may hold. */
export class QueueFull extends Error {
  override name = "QueueFull";
  constructor(
    readonly queue: string,
    /** Seconds. */
    readonly retryAfter: number,
  ) {
    super(`queue ${queue} is full; try again in ${retryAfter} s`);
  }
}

/** The type has encrypted fields, and there is no key; nothing was stored. */
export class EncryptionKeyMissing extends Error {
  override name = "EncryptionKeyMissing";
  constructor(job: string) {
    super(`${job} has encrypted fields: QUEUE_ENCRYPTION_KEY should be set`);
  }
}

/** A job that was run in the caller failed for good; `cause` is what its `run` threw. */
export class JobFailed extends Error {
  override name = "JobFailed";
  constructor(
    readonly id: string,
    cause: unknown,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Thrown by a job's `run`: it failed for good, whatever attempts are left. */
export class Unrecoverable extends Error {
  override name = "Unrecoverable";
}

/** A queue or a type of job is defined in a way that can't work; the message has a line for each fault. */
export class TableInvalid extends Error {
  override name = "TableInvalid";
  constructor(readonly faults: readonly Fault[]) {
    super(faults.map(line).join("\n"));
  }
}

/** The environment is wrong; the message has a line for each fault. */
export class SettingsInvalid extends Error {
  override name = "SettingsInvalid";
  /** @param lines Such as `REDIS_PORT: should be a port from 1 to 65535, got "x"`. */
  constructor(readonly lines: readonly string[]) {
    super([...lines, "Correct this in .env (or in the environment) and start again."].join("\n"));
  }
}
