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
  const routes = app.files.flatMap((file) =>
    [...file.text.matchAll(ROUTE)].map((match) => ({
      file: file.path,
      path: prefixOf(app, file) + (match[1] ?? match[2] ?? `/${match[3]}`).replace(/\/$/, ""),
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

/** What stands before the routes of a router: where the file that imports it puts it. */
function prefixOf(app: App, { path, text }: SourceFile): string {
  const global = app.files.map((file) => /setGlobalPrefix\s*\(\s*["'`]\/?([\w/-]+)/.exec(file.text)?.[1]).find(Boolean);
  if (global !== undefined && /@Controller/.test(text)) return `/${global}`;
  if (!/\bRouter\s*\(/.test(text)) return "";
  const name = posix.basename(path).replace(/\.[^.]+$/, "");
  for (const { text: other } of app.files) {
    const imported = new RegExp(
      `(?:const|let|var|import)\\s+\\{?\\s*(\\w+)[^;\\n]*["'][^"']*/${name}(?:\\.\\w+)?["']`,
    ).exec(other)?.[1];
    const mounted = new RegExp(
      `\\.use\\s*\\(\\s*["'\`](/[\\w/-]+)["'\`]\\s*,[^;\\n]*?(?:\\b${imported ?? "\\0"}\\b|require\\([^)]*/${name}["'])`,
    ).exec(other)?.[1];
    if (mounted !== undefined) return mounted.replace(/\/$/, "");
  }
  return "";
}

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
