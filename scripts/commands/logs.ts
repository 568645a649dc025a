import { once } from "node:events";
import { createInterface } from "node:readline";
import { Command, InvalidArgumentError } from "commander";
import { UserError } from "../lib/errors";
import { Pulumi } from "../lib/pulumi";
import { serverOf } from "../release/server";
import { asJson, type LogLine, LogPrinter, LogReader } from "../ssh/log-line";
import { type LogQuery, logCommand, logScript } from "../ssh/log-sources";
import { exitCode, startSsh } from "../ssh/openssh";
import { assertReachable } from "../ssh/reach";
import { moment } from "../ssh/when";

interface Options {
  readonly stack: string;
  readonly follow?: true;
  readonly lines?: number;
  readonly since?: string;
  readonly grep?: string;
  readonly json?: true;
}

/** Where neither a number nor a time is given. */
const LINES = 100;
/** Milliseconds in which lines of several files arrive in another order than they were written. */
const SETTLE_MS = 250;

/** `queuehost logs`: what the application's processes say, and what is around them. */
export const logs = new Command("logs")
  .description("show what the application's processes log, those of all instances by their time")
  .argument("[process...]", "backend, worker, worker-<group>, migrate, watch, caddy, redis, postgres, backup, ssh")
  .requiredOption("--stack <name>", "the stack")
  .option("-f, --follow", "go on with what comes, until Ctrl-C")
  .option("-n, --lines <number>", `how many of the last lines (default: ${LINES}, or all since --since)`, count)
  .option("--since <time>", "30m, 2h, 3d, or a time such as 2026-11-22T08:00")
  .option("--grep <expression>", "lines that match; without a capital letter, of either case")
  .option("--json", "a line of JSON for each")
  .action(async (names: string[], { stack, follow, lines, since, grep, json }: Options) => {
    assertExpression(grep);
    const from = since === undefined ? undefined : moment("--since", since);
    const { subject } = await serverOf(Pulumi.of(stack));
    const { APP_NAME: app = "", APP_PROCESSES = "" } = subject.expected;
    const limit = lines ?? (from === undefined ? LINES : undefined);
    const query: LogQuery = {
      app,
      processes: [...new Set(APP_PROCESSES.split(" ").map((name) => name.replace(/@.*/, "")))].filter(Boolean),
      names,
      ...(limit === undefined ? {} : { lines: limit }),
      ...(from === undefined ? {} : { since: from }),
      ...(grep === undefined ? {} : { grep }),
      follow: follow === true,
    };
    const command = logCommand(query);
    await assertReachable(stack, subject.host);
    const printer = new LogPrinter();
    await show(subject, command, query, json ? asJson : (line) => printer.text(line));
  });

async function show(
  server: Parameters<typeof startSsh>[0],
  command: string,
  { app, follow, lines, since, grep }: LogQuery,
  print: (line: LogLine) => string,
): Promise<void> {
  const ssh = await startSsh(server, { command, stdio: ["pipe", "pipe", "inherit"] });
  ssh.stdin?.on("error", () => {}).write(logScript());
  // Whatever else comes over stdin is read; its end is what ends the following.
  if (!follow) ssh.stdin?.end();
  let end = 0;
  const stop = (code: number) => () => {
    end = code;
    ssh.stdin?.end();
    ssh.kill();
  };
  process.on("SIGINT", stop(130)).on("SIGTERM", stop(143)).on("SIGHUP", stop(129));
  // Whoever reads has had enough, as `head` has: no fault.
  let isRead = true;
  process.stdout.on("error", () => {
    isRead = false;
    stop(0)();
  });
  const out = async (text: string) => {
    if (text !== "" && isRead && !process.stdout.write(text)) await once(process.stdout, "drain").catch(() => {});
  };
  const reader = new LogReader(app);
  const held: LogLine[] = [];
  const release = (most?: number) => {
    const sorted = held.splice(0).sort((one, other) => one.time.getTime() - other.time.getTime());
    return out((most === undefined ? sorted : sorted.slice(-most)).map(print).join(""));
  };
  // The journal gives the last lines that match backwards.
  let unordered = grep !== undefined && lines !== undefined;
  let timer: NodeJS.Timeout | undefined;
  const settle = () => {
    timer = undefined;
    void release();
  };
  if (ssh.stdout)
    for await (const text of createInterface(ssh.stdout)) {
      unordered ||= text === "\tfiles";
      const line = reader.read(text);
      if (line === undefined || (since !== undefined && line.time.getTime() < since * 1000)) continue;
      if (!unordered) {
        await out(print(line));
        continue;
      }
      // The journal is in order by itself; files are put in order as they come.
      held.push(line);
      if (follow) timer ??= setTimeout(settle, SETTLE_MS);
    }
  clearTimeout(timer);
  await release(follow ? undefined : lines);
  const code = await exitCode(ssh);
  process.exitCode = ssh.killed ? end : code;
}

function assertExpression(text: string | undefined): void {
  try {
    new RegExp(text ?? "");
  } catch (error) {
    throw new UserError(`--grep: should be a regular expression, got ${text}: ${(error as Error).message}`);
  }
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 1_000_000)
    throw new InvalidArgumentError(`should be a number from 1 to 1000000, got ${text}`);
  return value;
}
