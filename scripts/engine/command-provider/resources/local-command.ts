import { statSync } from "node:fs";
import { type Ended, run } from "../process";
import type { Props } from "../values";
import {
  asOutput,
  COMMAND_SHAPE,
  type CommandInputs,
  commandError,
  type Output,
  OutputLog,
  previousOutput,
  previousOutputEnv,
  type Which,
} from "./command";
import { type Context, decode, newId, type Resource } from "./resource";

interface Inputs extends CommandInputs {
  readonly dir?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly interpreter?: readonly string[];
}

const shape = {
  ...COMMAND_SHAPE,
  dir: { type: "string" },
  environment: { type: "stringMap" },
  interpreter: { type: "strings" },
  assetPaths: { type: "strings", refused: "read the files in the program instead" },
  archivePaths: { type: "strings", refused: "read the files in the program instead" },
} as const;

/** `command:local:Command`: runs on the operator's machine, in the folder of the program. */
export const localCommand: Resource = {
  shape,
  outputs: ["stdout", "stderr"],

  async create(props, context) {
    const inputs = decode<Inputs>(shape, props);
    const output = await runLocally(props, inputs, "create", { stdout: "", stderr: "" }, context);
    return { id: newId(context.name), state: { ...props, ...output } };
  },

  async update(props, state, context) {
    const inputs = decode<Inputs>(shape, props);
    const which = inputs.update === undefined ? "create" : "update";
    return { ...props, ...(await runLocally(props, inputs, which, previousOutput(state), context)) };
  },

  async delete(state, context) {
    if (state.delete === undefined) return;
    await runLocally(state, decode<Inputs>(shape, state), "delete", previousOutput(state), context);
  },
};

/** Runs one of the commands, if there is one, and returns what it wrote; else what the one before it wrote. */
async function runLocally(props: Props, inputs: Inputs, which: Which, last: Output, context: Context): Promise<Props> {
  const command = inputs[which];
  if (command === undefined) return { ...last };
  const ended = await start(inputs, command, last, context);
  if (ended.code === 0) return asOutput(ended);
  throw commandError(howItEnded(ended), props, inputs, which, ended);
}

async function start(inputs: Inputs, command: string, last: Output, context: Context): Promise<Ended> {
  const { dir, interpreter, stdin, environment } = inputs;
  const [program = "/bin/sh", ...args] = interpreter?.length ? interpreter : ["/bin/sh", "-c"];
  if (dir !== undefined && !isFolder(dir))
    throw new Error(`dir: should be an existing folder, got ${JSON.stringify(dir)}`);
  const log = new OutputLog(inputs, context);
  try {
    return await run({
      argv: [program, ...args, command],
      env: { ...process.env, ...environment, ...previousOutputEnv(inputs, last) },
      onOutput: log.write,
      signal: context.signal,
      ...(dir === undefined ? {} : { cwd: dir }),
      ...(stdin === undefined ? {} : { stdin }),
    });
  } catch (error) {
    throw new Error(`interpreter: can't start ${JSON.stringify(program)}: ${(error as NodeJS.ErrnoException).code}`);
  } finally {
    log.end();
  }
}

function howItEnded({ cancelled, signal, code }: Ended): string {
  if (cancelled) return "cancelled";
  return signal === null ? `exit status ${code}` : `signal: ${signal}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
