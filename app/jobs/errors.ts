/** One fault of an input: where, and what was expected. */
export interface Fault {
  /** Such as `items.3.sku`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** A payload that the job's type refuses; nothing was stored. */
export class PayloadInvalid extends Error {
  override name = "PayloadInvalid";
  constructor(
    readonly job: string,
    readonly faults: readonly Fault[],
  ) {
    super(`${job}: ${faults.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join("; ")}`);
  }
}

/** An option or argument that can't be: a queue that isn't in the table, a date in the past, a cron that never fires. */
export class InputInvalid extends Error {
  override name = "InputInvalid";
  constructor(readonly fault: Fault) {
    super(`${fault.path}: ${fault.message}`);
  }
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

/** Thrown by a job's `run`: it failed for good, whatever attempts are left. */
export class Unrecoverable extends Error {
  override name = "Unrecoverable";
}

/** The environment is wrong; the message has a line for each fault. */
export class SettingsInvalid extends Error {
  override name = "SettingsInvalid";
}
