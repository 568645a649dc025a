import type { Property, Shape } from "../shape";
import { isSecret, type Props } from "../values";
import type { Context } from "./resource";

/** What local and remote commands have in common. */
export interface CommandInputs {
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
  readonly stdin?: string;
  readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  readonly addPreviousOutputInEnv?: boolean;
}

export const TRIGGERS: Property = { type: "list", replaces: true };

export const COMMAND_SHAPE: Shape = {
  create: { type: "string" },
  update: { type: "string" },
  delete: { type: "string" },
  stdin: { type: "string" },
  logging: { type: "string", oneOf: ["stdout", "stderr", "stdoutAndStderr", "none"] },
  addPreviousOutputInEnv: { type: "boolean" },
  triggers: TRIGGERS,
};

/** Standard output and error of the run that made or last updated a resource. */
export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** A run's output, and all of it in the order in which it came. */
export interface Ran extends Output {
  readonly output: string;
}

export function previousOutput({ stdout, stderr }: Props): Output {
  return { stdout: typeof stdout === "string" ? stdout : "", stderr: typeof stderr === "string" ? stderr : "" };
}

/** The variables that tell a command what the run before it wrote; empty output sets none. */
export function previousOutputEnv({ addPreviousOutputInEnv }: CommandInputs, last: Output): Record<string, string> {
  if (addPreviousOutputInEnv === false) return {};
  return {
    ...(last.stdout === "" ? {} : { PULUMI_COMMAND_STDOUT: last.stdout }),
    ...(last.stderr === "" ? {} : { PULUMI_COMMAND_STDERR: last.stderr }),
  };
}

/** The output as state keeps it: without the newline that ends it. */
export function asOutput({ stdout, stderr }: Output): { stdout: string; stderr: string } {
  return { stdout: stdout.replace(/\n$/, ""), stderr: stderr.replace(/\n$/, "") };
}

/** True when the program lets this stream be seen. */
export function mayLog({ logging }: CommandInputs, stream: "stdout" | "stderr"): boolean {
  return logging === undefined || logging === stream || logging === "stdoutAndStderr";
}

/** Shows whole lines of output as they come, those that the program lets be seen. */
export class OutputLog {
  private readonly rest = { stdout: "", stderr: "" };

  constructor(
    private readonly inputs: CommandInputs,
    private readonly context: Context,
  ) {}

  readonly write = (stream: "stdout" | "stderr", text: string): void => {
    if (!mayLog(this.inputs, stream)) return;
    const lines = (this.rest[stream] + text).split("\n");
    this.rest[stream] = lines.pop() ?? "";
    for (const line of lines) this.context.status(line);
  };

  /** Shows what no newline ended. */
  end(): void {
    for (const line of [this.rest.stdout, this.rest.stderr]) if (line !== "") this.context.status(line);
  }
}

/** Characters of output and of the command that an error shows: enough to read, and below the limit of a gRPC header. */
const OUTPUT_SHOWN = 8_000;
const COMMAND_SHOWN = 300;

/**
 * The error of a command that failed, in the official provider's words: `exit status 3: running "...":` and its output. Two
 * things are left out: a command that is a secret, and standard output that the program doesn't let be seen.
 */
export function commandError(how: string, props: Props, inputs: CommandInputs, which: Which, ran: Ran): Error {
  const command = isSecret(props[which]) ? "[secret]" : JSON.stringify(start(inputs[which] ?? ""));
  const shown = mayLog(inputs, "stdout") ? ran.output : ran.stderr;
  return new Error(`${how}: running ${command}:\n${end(shown)}`);
}

export type Which = "create" | "update" | "delete";

function start(text: string): string {
  return text.length <= COMMAND_SHOWN ? text : `${text.slice(0, COMMAND_SHOWN)}...`;
}

function end(text: string): string {
  return text.length <= OUTPUT_SHOWN
    ? text
    : `[... ${text.length - OUTPUT_SHOWN} characters]\n${text.slice(-OUTPUT_SHOWN)}`;
}
