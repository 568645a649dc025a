/** What is counted and measured of runs. */
export interface RunHooks {
  started?(run: { readonly type: string; readonly queue: string }): void;
  ended?(run: EndedRun): void;
}

export interface EndedRun {
  readonly type: string;
  readonly queue: string;
  readonly outcome: "completed" | "failed" | "again" | "handed back" | "cancelled";
  /** From when it could have been taken until it was; milliseconds. Unknown for a run in the caller, and for further attempts. */
  readonly waitMs: number | undefined;
  readonly runMs: number;
}
