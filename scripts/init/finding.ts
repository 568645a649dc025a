import type { Manifest } from "../../infra/release/manifest";
import type { Project } from "../../infra/release/project";

/** A value for a key of the stack's configuration, and what it was concluded from. */
export interface Finding {
  /** Without its namespace: `app.backend`. */
  readonly key: string;
  readonly value: string;
  readonly why: string;
  /** Set with --secret, and never shown. */
  readonly secret?: true;
  /** Somebody said so, and it wasn't concluded: it holds whatever the stack has. */
  readonly asked?: true;
}

/** What can be said of an application by looking at it. */
export interface Findings {
  readonly found: readonly Finding[];
  /** What couldn't be found, or has to be decided by somebody: a line each, with what to do. */
  readonly open: readonly string[];
  /** Variables of the application's example file for which nothing is known. */
  readonly unset: readonly string[];
}

/** A JavaScript or TypeScript file of the application. */
export interface SourceFile {
  /** Relative to the application's folder, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** The application as it lies on the disk; nothing of it is run. */
export interface App {
  /** Absolute. */
  readonly folder: string;
  readonly project: Project;
  readonly manifest: Manifest;
  readonly files: readonly SourceFile[];
  /** Text of a file of its, "" where it isn't there. */
  read(path: string): string;
}

/** Whether a package is among its dependencies. */
export function dependsOn({ manifest }: App, ...names: string[]): string | undefined {
  const all = { ...manifest.dependencies, ...manifest.devDependencies };
  return names.find((name) => name in all);
}
