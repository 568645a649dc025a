import type { Settings } from "../settings";
import type { Held } from "./carry";
import type { Aborted } from "./execution";

/** Set in the environment of a sandbox. */
export const MARKER = "QUEUEHOST_SANDBOX";

/** From the worker to its sandbox. */
export type Order =
  | { readonly do: "run"; readonly held: Held; readonly settings: Settings }
  | { readonly do: "abort"; readonly why: Aborted["why"] };

/** From the sandbox to its worker. */
export type Answer =
  | { readonly say: "ready" }
  | { readonly say: "progress"; readonly percent: number; readonly message: string | null }
  | {
      readonly say: "completed";
      readonly result: string | null;
      readonly note: string | null;
      /** Resident memory in bytes. */
      readonly memory: number;
    }
  | { readonly say: "failed"; readonly error: SentError; readonly memory: number };

/** An error on its way to another process. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly final: boolean;
}
