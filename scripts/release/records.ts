/** A release that the server keeps. */
export interface Kept {
  readonly id: string;
  /** `refused`: a rollback or the watch took it back, and it isn't deployed again until that is allowed. */
  readonly state: "live" | "kept" | "refused";
  /** When it last came into service; absent where it never did. */
  readonly since?: Date;
  /** Who brought it into service. */
  readonly who: string;
  /** Version of Node that it runs on. */
  readonly node: string;
  /** Why it is refused, else empty. */
  readonly why: string;
}

/** Who keeps others from changing the application, or a change that is under way. */
export interface Lock {
  readonly who: string;
  readonly since?: Date;
  readonly why: string;
  /** Of a change, its process on the server; absent where a person holds it. */
  readonly pid?: number;
  /** That process is gone: the next change takes over. */
  readonly isDead?: true;
}

/** A release that isn't to come back by itself. */
export interface Refused {
  readonly id: string;
  readonly since?: Date;
  readonly who: string;
  readonly why: string;
}

/** A process of the application. */
export interface Instance {
  readonly unit: string;
  /** As systemd has it: active, activating, failed ... */
  readonly state: string;
  readonly pid: number;
  readonly restarts: number;
  /** Bytes. */
  readonly memory: number;
  /** How it ended the last time, in words; absent where it never did. */
  readonly ended?: string;
}

/** What the server says of the application. */
export interface Status {
  /** The release in service; empty where there is none. */
  readonly release: string;
  readonly since?: Date;
  readonly side: string;
  readonly manager: string;
  readonly instances: readonly Instance[];
  readonly refused: readonly Refused[];
  readonly lock?: Lock;
  readonly maintenance?: { readonly who: string; readonly since?: Date; readonly why: string };
  /** What the watch over the last switch says, by its own keys; empty where there was none. */
  readonly watch: Readonly<Record<string, string>>;
}

/** Reads `release list`: id, state, epoch, who, version of Node and why, with tabs between; the newest comes first. */
export function parseReleases(output: string): Kept[] {
  return rows(output)
    .map(([id = "", state = "", epoch, who = "", node = "", why = ""]) => ({
      id,
      state: stateOf(state),
      ...when(epoch),
      who,
      node,
      why,
    }))
    .sort((a, b) => (b.since?.getTime() ?? 0) - (a.since?.getTime() ?? 0));
}

/** Reads `release status`: a line `key=value` each. */
export function parseStatus(output: string): Status {
  const pairs = output.split("\n").flatMap((line): [string, string][] => {
    const at = line.indexOf("=");
    return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
  });
  const all = (key: string) => pairs.flatMap(([name, value]) => (name === key ? [value] : []));
  const one = (key: string) => all(key).at(-1) ?? "";
  const below = (prefix: string) =>
    Object.fromEntries(
      pairs.flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [])),
    );
  const [lock, maintenance] = [below("lock_"), below("maintenance_")];
  return {
    release: one("release"),
    ...when(one("since")),
    side: one("side"),
    manager: one("manager"),
    instances: all("instance").map(instanceOf),
    refused: all("refused").map((line) => {
      const [id = "", epoch, who = "", why = ""] = line.split("\t");
      return { id, ...when(epoch), who, why };
    }),
    ...(lock.who && {
      lock: {
        who: lock.who,
        ...when(lock.when),
        why: lock.why ?? "",
        ...(lock.pid && { pid: Number(lock.pid) }),
        ...(lock.dead === "yes" && { isDead: true }),
      },
    }),
    ...(maintenance.who && {
      maintenance: { who: maintenance.who, ...when(maintenance.when), why: maintenance.why ?? "" },
    }),
    watch: below("watch_"),
  };
}

function instanceOf(line: string): Instance {
  const [unit = "", state = "", pid, restarts, memory, ...words] = line.split(" ");
  return {
    unit,
    state,
    pid: Number(pid) || 0,
    restarts: Number(restarts) || 0,
    memory: Number(memory) || 0,
    ...(words.length > 0 && { ended: words.join(" ") }),
  };
}

function stateOf(word: string): Kept["state"] {
  if (word === "live" || word === "refused") return word;
  return "kept";
}

const rows = (output: string) =>
  output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split("\t"));

/** Seconds since 1970, as a property, where there are any. */
function when(epoch: string | undefined): { readonly since?: Date } {
  const seconds = Number(epoch);
  return epoch && Number.isFinite(seconds) && seconds > 0 ? { since: new Date(seconds * 1000) } : {};
}
