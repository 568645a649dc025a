import { statSync } from "node:fs";
import { type Ended, run } from "../process";
import { COMMAND_SHAPE, type CommandInputs, type Output, OutputLog, previousOutputEnv } from "./command";
import { commandResource } from "./command-resource";
import type { Context } from "./resource";

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
export const localCommand = commandResource<Inputs>(shape, async (command, inputs, last, context) => {
  const ended = await start(inputs, command, last, context);
  return ended.code === 0 ? ended : { ...ended, failure: howItEnded(ended) };
});

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
