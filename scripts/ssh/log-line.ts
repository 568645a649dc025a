import { styleText } from "node:util";

/** One entry of a log. */
export interface LogLine {
  readonly time: Date;
  /** backend, worker-mail, caddy ... */
  readonly process: string;
  /** Side and number, `a1`; empty where a process has no instances. */
  readonly instance: string;
  /** As syslog counts them: 3 is an error, 6 is information. */
  readonly priority: number;
  readonly message: string;
}

const COLOURS = ["cyan", "magenta", "yellow", "green", "blue", "redBright", "cyanBright", "magentaBright"] as const;

/** Reads what the server prints. */
export class LogReader {
  /** The time of the last line of each file. */
  private readonly times = new Map<string, Date>();

  /** @param app the application's name, which begins the names of its units */
  constructor(private readonly app: string) {}

  /** Reads one line; undefined for what is none. */
  read(text: string): LogLine | undefined {
    return text.startsWith("\t") ? this.fromFile(text) : fromJournal(text, this.app);
  }

  /** A line of a file of PM2's: `\tintranet-backend@a1-out.log\t2026-11-22T10:00:00.123+00:00: text`; a stack's lines may have no time. */
  private fromFile(text: string): LogLine | undefined {
    const [, file = "", ...rest] = text.split("\t");
    const [, instance = "", stream = ""] = /^(.*)-(out|error)\.log$/.exec(file) ?? [];
    const whole = rest.join("\t");
    const [, time = "", message = whole] = /^(\d{4}-\S+?): (.*)$/s.exec(whole) ?? [];
    const at = time === "" ? this.times.get(file) : new Date(time);
    if (stream === "" || at === undefined || Number.isNaN(at.getTime())) return undefined;
    this.times.set(file, at);
    return { time: at, ...nameOf(instance, this.app), priority: stream === "error" ? 3 : 6, message };
  }
}

function fromJournal(text: string, app: string): LogLine | undefined {
  const entry = parsed(text);
  const micros = Number(entry?.__REALTIME_TIMESTAMP);
  if (entry === undefined || Number.isNaN(micros)) return undefined;
  return {
    time: new Date(micros / 1000),
    // What systemd itself says of a unit is about UNIT.
    ...nameOf(String(entry.UNIT ?? entry._SYSTEMD_UNIT ?? "").replace(/\.service$/, ""), app),
    priority: Number(entry.PRIORITY ?? 6),
    message: messageOf(entry.MESSAGE),
  };
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The journal gives what is no UTF-8 as numbers, and a field that stands twice as a list. */
function messageOf(message: unknown): string {
  if (!Array.isArray(message)) return String(message ?? "");
  return message.every((one) => typeof one === "number") ? Buffer.from(message).toString() : message.join("\n");
}

function nameOf(unit: string, app: string): Pick<LogLine, "process" | "instance"> {
  const [name = "", instance = ""] = unit.split("@");
  if (name === "redis-server") return { process: `redis-${instance}`, instance: "" };
  if (name === "postgresql") return { process: "postgres", instance: "" };
  return { process: name.startsWith(`${app}-`) ? name.slice(app.length + 1) : name, instance };
}

/** Prints entries for people: name, time and text, each name in a colour of its own, where colours are wanted. */
export class LogPrinter {
  private width = 0;
  private readonly colours = new Map<string, (typeof COLOURS)[number]>();

  text(line: LogLine): string {
    const name = line.instance === "" ? line.process : `${line.process}@${line.instance}`;
    this.width = Math.max(this.width, name.length);
    const head = `${styleText(this.colour(line.process), name.padEnd(this.width))} ${styleText("dim", clock(line.time))}`;
    return line.message
      .split("\n")
      .map((row) => `${head}  ${line.priority <= 3 ? styleText("red", printable(row)) : printable(row)}\n`)
      .join("");
  }

  private colour(process: string): (typeof COLOURS)[number] {
    const known = this.colours.get(process) ?? COLOURS[this.colours.size % COLOURS.length] ?? "cyan";
    this.colours.set(process, known);
    return known;
  }
}

/** For a script: a line of JSON. */
export const asJson = (line: LogLine): string => `${JSON.stringify(line)}\n`;

/** In this machine's time zone. */
function clock(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  return `${day} ${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** What an application logs of strangers' requests must not steer the terminal. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, (mark) => `\\x${mark.charCodeAt(0).toString(16).padStart(2, "0")}`);
