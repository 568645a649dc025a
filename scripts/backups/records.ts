/** A queue, as a backup found it. */
export interface QueueCount {
  readonly db: number;
  /** With its prefix, `bull:mail`. */
  readonly name: string;
  /** Jobs by state. */
  readonly jobs: Readonly<Record<string, number>>;
}

/** A backup that was restored on trial, as its manifest describes it. */
export interface Backup {
  /** YYYYMMDD-HHMMSS, in UTC. */
  readonly id: string;
  readonly bytes: number;
  /** When its data was as it is in it. */
  readonly made: Date;
  readonly proved: Date;
  /** The release that was in service; undefined where there was none. */
  readonly release?: string;
  readonly redis: { readonly version: string; readonly keys: number; readonly queues: readonly QueueCount[] };
  readonly postgres?: {
    readonly database: string;
    readonly version: string;
    readonly rows: Readonly<Record<string, number>>;
  };
  readonly files?: { readonly folders: readonly string[]; readonly entries: number };
  /** How many keys open the .env in it; 0 where there is none. */
  readonly envKeys: number;
  /** Milliseconds for which writes were paused. */
  readonly pausedMs: number;
}

/** What can be restored. */
export type Part = "redis" | "postgres" | "files";
export const PARTS: readonly Part[] = ["redis", "postgres", "files"];

export function partsOf({ postgres, files }: Backup): Part[] {
  return PARTS.filter((part) => part === "redis" || (part === "postgres" ? postgres : files) !== undefined);
}

/** A backup off the server, at `backups.to`. */
export interface Away {
  readonly id: string;
  /** What restic calls it. */
  readonly snapshot: string;
  readonly bytes: number;
  readonly made: Date;
  /** Whether this very server sent it; not one that it came after. */
  readonly here: boolean;
}

/** What there is, the newest first. */
export interface Listed {
  readonly backups: readonly Backup[];
  readonly away: readonly Away[];
  /** Where they go besides, in words; undefined where nowhere. */
  readonly place?: string;
  /** Why that place doesn't say what is there. */
  readonly unreachable?: string;
  /** On the server. */
  readonly freeBytes: number;
}

/** Reads what `backups.sh list` prints. */
export function parseBackups(output: string): Listed {
  const rows = rowsOf(output);
  const starts = rows.flatMap(([word], at) => (word === "set" ? [at] : []));
  const backups = starts.map((start, at) => backupOf(rows.slice(start, starts[at + 1])));
  const said = (word: string) => rows.find(([first]) => first === word)?.[1];
  const [place, unreachable] = [said("place"), said("unreachable")];
  return {
    backups,
    away: rows.filter(([word]) => word === "away").map(([, ...rest]) => awayOf(rest)),
    ...(place === undefined ? {} : { place }),
    ...(unreachable === undefined ? {} : { unreachable }),
    freeBytes: Number(said("free") ?? 0),
  };
}

const awayOf = ([id = "", snapshot = "", bytes = "0", where]: readonly string[]): Away => ({
  id,
  snapshot,
  bytes: Number(bytes),
  made: new Date(id.replace(/^(....)(..)(..)-(..)(..)(..)$/, "$1-$2-$3T$4:$5:$6Z")),
  here: where === "here",
});

/** The ids of the sets in what `backups.sh prune` prints, the oldest first. */
export function parseGone(output: string): string[] {
  const ids = rowsOf(output).flatMap(([word, id = ""]) => (word === "gone" ? [id] : []));
  return [...new Set(ids)].sort();
}

function backupOf(rows: readonly (readonly string[])[]): Backup {
  const all = (word: string) => rows.filter(([first]) => first === word).map(([, ...rest]) => rest);
  const one = (word: string) => all(word)[0] ?? [];
  const seconds = (word: string) => new Date(Number(one(word)[0] ?? 0) * 1000);
  const [id = "", bytes = "0"] = one("set");
  const [release] = one("release");
  const [database, version = ""] = one("database");
  const [entries] = one("entries");
  return {
    id,
    bytes: Number(bytes),
    made: seconds("made"),
    proved: seconds("proved"),
    ...(release === undefined ? {} : { release }),
    redis: {
      version: one("redis")[0] ?? "",
      keys: Number(one("keys")[0] ?? 0),
      queues: all("queue").map(queueOf),
    },
    ...(database === undefined
      ? {}
      : {
          postgres: {
            database,
            version,
            rows: Object.fromEntries(all("rows").map(([table = "", count]) => [table, Number(count)])),
          },
        }),
    ...(entries === undefined
      ? {}
      : { files: { folders: all("folder").map(([folder = ""]) => `/${folder}`), entries: Number(entries) } }),
    envKeys: Number(one("recipients")[0] ?? 0),
    pausedMs: Number(one("pause")[0] ?? 0),
  };
}

const queueOf = ([db = "0", name = "", counts = ""]: readonly string[]): QueueCount => ({
  db: Number(db),
  name,
  jobs: Object.fromEntries(
    counts.split(" ").flatMap((pair) => {
      const [state = "", count] = pair.split("=");
      return count === undefined ? [] : [[state, Number(count)]];
    }),
  ),
});

/** What a restore would replace: one thing as it is now, and as it is in the backup; undefined where it isn't there. */
export interface Replaced {
  /** `queue bull:mail`, `table public.orders`, `folder /srv/intranet/shared/uploads`. */
  readonly what: string;
  readonly now?: string;
  readonly backup?: string;
}

/** Reads what `restore.sh plan` prints. */
export function parsePlan(output: string): Replaced[] {
  const found = new Map<string, { now?: string; backup?: string }>();
  for (const [side, kind, ...rest] of rowsOf(output)) {
    if (side !== "now" && side !== "backup") continue;
    const [what, count] = described(kind ?? "", rest);
    found.set(what, { ...found.get(what), [side]: count });
  }
  return [...found].map(([what, sides]) => ({ what, ...sides }));
}

function described(kind: string, rest: readonly string[]): [what: string, count: string] {
  const [first = "", second = ""] = rest;
  if (kind === "rows") return [`table ${first}`, `${second} rows`];
  if (kind === "folder") return [`folder /${first}`, `${second} files`];
  const { db, name, jobs } = queueOf(rest);
  return [`queue ${name}${db === 0 ? "" : ` (db ${db})`}`, jobsInWords(jobs)];
}

/** `47 waiting, 3 active`; `empty` where there are none. */
export function jobsInWords(jobs: Readonly<Record<string, number>>): string {
  const some = Object.entries(jobs).filter(([, count]) => count > 0);
  return some.map(([state, count]) => `${count} ${state === "wait" ? "waiting" : state}`).join(", ") || "empty";
}

const rowsOf = (output: string) =>
  output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));
