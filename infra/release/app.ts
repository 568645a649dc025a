/** Versions of Node that a server can run an application on. */
export type NodeMajor = "22" | "24";

/** As npm names the processors of the servers. */
export type Architecture = "x64" | "arm64";

/** An application on the operator's machine, and what is configured of it. */
export interface AppSource {
  /** Its folder, absolute: where its package.json is. */
  readonly path: string;
  /** Command that builds it; default: the script "build" of its package.json, where there is one; `none`: no build. */
  readonly build?: string;
  /** Folder that the build writes and that needs nothing beside itself: it alone is the release. Default: all files and modules. */
  readonly output?: string;
  readonly backend?: string;
  /** Group -> command; the unnamed group is "". */
  readonly workers: Readonly<Record<string, string>>;
  readonly migrate?: string;
  readonly smokeTest?: string;
  /** Folders that outlive a release, relative to its own: they never travel. */
  readonly folders: readonly string[];
  /** Folder of files that the proxy serves itself, relative to its own. */
  readonly static?: string;
  /** What runs it on the server. */
  readonly node: NodeMajor;
  readonly architecture: Architecture;
}

/** A built release on the operator's machine. */
export interface Release {
  /** The first 12 hex digits of `sha256`. */
  readonly id: string;
  /** Hex digest of the tar inside the artefact. */
  readonly sha256: string;
  /** The artefact, <outDir>/<id>.tar.gz. */
  readonly file: string;
  /** Its size in bytes. */
  readonly size: number;
  /** The `version` of the application's package.json. */
  readonly version: string;
  /** Subfolder of the release in which its commands run, "" for its root. */
  readonly folder: string;
  readonly commands: Commands;
}

/** What runs on the server; scripts of package.json are replaced by what they run. */
export interface Commands {
  readonly backend?: string;
  /** Group -> command; the unnamed group is "". */
  readonly workers: Readonly<Record<string, string>>;
  readonly migrate?: string;
  readonly smokeTest?: string;
}
