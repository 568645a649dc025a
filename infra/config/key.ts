import type { z } from "zod";

/** One configuration key of a stack, in the namespace `queuehost`. */
export interface Key<T extends z.ZodType = z.ZodType> {
  readonly kind: T;
  /** As it is written in Pulumi.yaml; a key without one, which isn't `optional`, must be set. */
  readonly default?: string;
  readonly optional?: true;
  /** Must be set with `--secret`. */
  readonly secret?: true;
  /** A valid value, for the line that mends a fault; of a secret, a command that makes one: none belongs in argv. */
  readonly example: string;
  readonly description: string;
}

/** A key with the exact type of what it reads. */
export const key = <const K extends Key>(key: K): K => key;
