/**
 * `npm run dev`: Redis, a mail server that sends nothing on, and the application in one process, started anew on every change.
 * Ctrl-C ends all of it.
 */
import { mkdirSync, watch, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeTypes } from "../types.cjs";
import { APP, prepareEnvironment } from "./environment";
import { DevFault } from "./fault";
import { type MailCatcher, startMailCatcher } from "./mail-catcher";
import { assertFree } from "./port";
import { asked, ProcessGroup } from "./processes";
import { haveRedis } from "./redis";

const SMTP_PORT = 1025;
/** tsx watch kills what hasn't ended after 5 s: jobs go back to the queue before that. */
const DRAIN_SECONDS = "3";

async function main(): Promise<void> {
  const ending = asked();
  const environment = prepareEnvironment();
  const { redis, usesRedis, stateDir, url } = environment;
  await assertFree(environment);
  const running: { stop(): Promise<void> }[] = [];
  const rows: string[][] = [];
  try {
    if (usesRedis) {
      const found = await haveRedis(redis, join(stateDir, "redis"));
      running.unshift(found);
      rows.push(["Redis", found.what]);
    } else rows.push(["Redis", "none: QUEUE_ENABLED=false"]);
    if (environment.smtpUrl === undefined) {
      const catcher = await catchMails(join(stateDir, "mails"));
      running.unshift({ stop: () => catcher.close() });
      process.env.SMTP_URL = `smtp://127.0.0.1:${catcher.port}`;
      rows.push(["Mail", `${process.env.SMTP_URL}; mails are files in ${shown(join(stateDir, "mails"))}`]);
    }
    writeTypes();
    const watcher = watch(join(APP, "src/types"), () => writeTypes());
    running.unshift({ stop: async () => watcher.close() });
    const app = new ProcessGroup(process.execPath, [tsx(), "watch", "--clear-screen=false", "src/dev.ts"], {
      cwd: APP,
      env: { ...process.env, DRAIN_SECONDS: process.env.DRAIN_SECONDS || DRAIN_SECONDS },
    });
    running.unshift(app);
    const told = new AbortController();
    void tell(url, rows, told.signal);
    const end = await Promise.race([ending, app.ended]);
    told.abort();
    if (end instanceof Error) throw end;
    if (typeof end === "number") process.exitCode = end;
  } finally {
    for (const one of running) await one.stop();
  }
}

/** The addresses, once the application answers. */
async function tell(url: string, rows: string[][], signal: AbortSignal): Promise<void> {
  const answers = async () => (await fetch(`${url}/health`, { signal }).catch(() => undefined))?.ok === true;
  while (!signal.aborted && !(await answers())) await sleep(200);
  if (signal.aborted) return;
  const pages = { Page: "/", Tasks: "/tasks", Board: "/admin/queues", Metrics: "/metrics", API: "/api/openapi.json" };
  const all = [...Object.entries(pages).map(([name, path]) => [name, url + path]), ...rows];
  const lines = all.map(([name = "", what = ""]) => `${name.padEnd(8)} ${what}`);
  console.log(
    ["", ...lines, "npm run demo (in another terminal) fills it with life. Ctrl-C ends all of it.", ""].join("\n"),
  );
}

/** On the port that development knows, or on a free one where that is taken. */
async function catchMails(folder: string): Promise<MailCatcher> {
  mkdirSync(folder, { recursive: true });
  const onMail = ({ to, source }: { to: readonly string[]; source: string }) => {
    const file = join(
      folder,
      `${new Date().toISOString().replaceAll(":", "-")}-${Math.random().toString(36).slice(2, 8)}.eml`,
    );
    writeFileSync(file, source);
    console.log(`[Mail] an ${to.join(", ")}: ${shown(file)}`);
  };
  return await startMailCatcher({ port: SMTP_PORT, onMail }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    return startMailCatcher({ onMail });
  });
}

const tsx = () => join(dirname(require.resolve("tsx/package.json")), "dist/cli.mjs");
const shown = (path: string) => relative(process.env.INIT_CWD ?? process.cwd(), path) || ".";

main().catch((error: unknown) => {
  console.error(error instanceof DevFault ? error.message : error);
  process.exitCode = 1;
});
