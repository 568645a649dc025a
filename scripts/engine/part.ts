import type { Progress } from "./progress";

/** Where a part comes from. `home`: it was in `$PULUMI_HOME` already, put there by somebody else. */
export type Source = "home" | "path" | "download" | "built" | "stand-in";

export type PartName = "cli" | "language-nodejs" | "provider-hcloud" | "provider-command";

/** Why a part isn't to be had in some way, and what the user can do about it. */
export interface Obstacle {
  readonly reason: string;
  readonly remedy?: string;
  /** Whether this machine simply hasn't got what the way needs, so that nothing is broken. */
  readonly absent?: true;
}

/** One way to come by a part. */
export interface Way {
  readonly source: Source;
  /** What the report should add, such as that it is of another version. */
  readonly note?: string;
  /** What the part is made from, as a digest: when it changes the part is made anew. Only where it is made here. */
  readonly recipe?: () => string;
  /** Puts the part's files into the empty folder `into`, or says why not. */
  readonly stage: (into: string, progress: Progress) => Promise<Obstacle | undefined>;
}

/** A program that the engine consists of. */
export interface Part {
  readonly name: PartName;
  readonly version: string;
  /** What messages call it. */
  readonly title: string;
  /** The folder it lives in, below `$PULUMI_HOME`. */
  readonly folder: string;
  /** The executable's name. */
  readonly file: string;
  /** What is wrong with an executable; undefined when it starts and is of the version. */
  readonly fault: (file: string) => Promise<string | undefined>;
  /** In order of preference. */
  readonly ways: readonly Way[];
}
