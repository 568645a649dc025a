import { posix } from "node:path";
import type { App, Finding, SourceFile } from "./finding";

/** The best first. */
const NAMES = [
  "healthz",
  "health",
  "health-check",
  "healthcheck",
  "livez",
  "live",
  "liveness",
  "readyz",
  "ready",
  "readiness",
  "up",
  "status",
  "ping",
];

const ROUTE =
  /\.(?:get|use|all|head|route)\s*\(\s*["'`](\/[\w./-]*)["'`]|\burl\s*:\s*["'`](\/[\w./-]*)["'`]|@(?:Controller|Get)\s*\(\s*["'`]\/?([\w./-]+)["'`]/g;

/** Where the backend says that it serves; `/` where no route says so. */
export function healthOf(app: App): Finding {
  const prefixOf = prefixes(app);
  const routes = app.files.flatMap((file) =>
    [...file.text.matchAll(ROUTE)].map((match) => ({
      file: file.path,
      path: prefixOf(file) + (match[1] ?? match[2] ?? `/${match[3]}`).replace(/\/$/, ""),
    })),
  );
  for (const name of NAMES) {
    const found = routes
      .filter(({ path }) => path.endsWith(`/${name}`))
      .sort((a, b) => a.path.length - b.path.length)[0];
    if (found) return { key: "app.health", value: found.path, why: `a route in ${found.file}` };
  }
  return { key: "app.health", value: "/", why: "no route such as /health was found" };
}

/** What stands before the routes of a file: where a router is mounted, or what all controllers of Nest begin with. */
function prefixes(app: App): (file: SourceFile) => string {
  const global = app.files.map(({ text }) => /setGlobalPrefix\s*\(\s*["'`]\/?([\w/-]+)/.exec(text)?.[1]).find(Boolean);
  const mounts = mountsOf(app);
  return ({ path, text }) => {
    if (global !== undefined && /@Controller/.test(text)) return `/${global}`;
    return /\bRouter\s*\(/.test(text) ? (mounts.get(nameOf(path)) ?? "") : "";
  };
}

const IMPORTED = /(?:const|let|var|import)\s+\{?\s*(\w+)[^;\n]*["'][^"'\n]*\/([^"'/\n]+)["']/g;
const MOUNTED = /\.use\s*\(\s*["'`](\/[\w/-]+)["'`]\s*,([^;\n]*)/g;

/** Where routers are mounted, by the names of their files. */
function mountsOf({ files }: App): Map<string, string> {
  const mounts = new Map<string, string>();
  for (const { text } of files) {
    const imported = new Map([...text.matchAll(IMPORTED)].map(([, as = "", file = ""]) => [as, nameOf(file)]));
    for (const [, prefix = "", mounted = ""] of text.matchAll(MOUNTED)) {
      const required = [...mounted.matchAll(/require\([^)]*\/([^"'/]+)["']/g)].map(([, file = ""]) => nameOf(file));
      const named = [...mounted.matchAll(/\w+/g)].map(([word]) => imported.get(word));
      for (const name of [...named, ...required])
        if (name !== undefined && !mounts.has(name)) mounts.set(name, prefix.replace(/\/$/, ""));
    }
  }
  return mounts;
}

/** A file's name as an import may have it. */
const nameOf = (path: string) => posix.basename(path).replace(/\.[cm]?[jt]sx?$/, "");

/** The port, where the application doesn't take the one that it is given. */
export function portOf(app: App): Finding | undefined {
  if (app.files.some(({ text }) => /\benv(?:\.|\[["']|\b.*\b)PORT\b|["']PORT["']/.test(text))) return undefined;
  for (const { path, text } of app.files) {
    const port =
      /\.listen\s*\(\s*(?:\{\s*port\s*:\s*)?(\d{4,5})\b/.exec(text)?.[1] ??
      /\b(?:const|let|var)\s+port\s*=\s*(\d{4,5})\b/i.exec(text)?.[1];
    if (port !== undefined) return { key: "app.port", value: port, why: `${path} listens there, whatever PORT says` };
  }
  return undefined;
}
