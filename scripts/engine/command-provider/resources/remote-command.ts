import { type SshConnection, withSsh } from "../ssh";
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
import { CONNECTION } from "./connection-shape";
import { type Context, decode, newId, type Resource } from "./resource";

interface Inputs extends CommandInputs {
  readonly connection: SshConnection;
}

const shape = {
  ...COMMAND_SHAPE,
  connection: CONNECTION,
  // OpenSSH doesn't say whether the server took a variable, and the official provider fails where it didn't.
  environment: { type: "stringMap", refused: "send values as stdin, or write VAR=value before the command" },
} as const;

/** `command:remote:Command`: runs on another machine. */
export const remoteCommand: Resource = {
  shape,
  outputs: ["stdout", "stderr"],

  async create(props, context) {
    const inputs = decode<Inputs>(shape, props);
    const output = await runRemotely(props, inputs, "create", { stdout: "", stderr: "" }, context);
    return { id: newId(context.name), state: { ...props, ...output } };
  },

  async update(props, state, context) {
    const inputs = decode<Inputs>(shape, props);
    const which = inputs.update === undefined ? "create" : "update";
    return { ...props, ...(await runRemotely(props, inputs, which, previousOutput(state), context)) };
  },

  async delete(state, context) {
    // Without a command there is nothing to connect for, and nothing to check.
    if (state.delete !== undefined) {
      await runRemotely(state, decode<Inputs>(shape, state), "delete", previousOutput(state), context);
    }
  },
};

/** Runs one of the commands, if there is one, and returns what it wrote; else what the one before it wrote. */
async function runRemotely(props: Props, inputs: Inputs, which: Which, last: Output, context: Context): Promise<Props> {
  const command = inputs[which];
  if (command === undefined) return { ...last };
  const log = new OutputLog(inputs, context);
  const options = {
    env: sendable(previousOutputEnv(inputs, last), context),
    onOutput: log.write,
    ...(inputs.stdin === undefined ? {} : { stdin: inputs.stdin }),
  };
  const finished = await withSsh(inputs.connection, (session) => session.run(command, options), {
    signal: context.signal,
    onRetry: context.status,
  });
  log.end();
  if (finished.code === 0) return asOutput(finished);
  const how = finished.code === null ? "Process ended by a signal" : `Process exited with status ${finished.code}`;
  throw commandError(how, props, inputs, which, finished);
}

/** Linux takes no variable of more than 128 KiB. */
const LONGEST_VARIABLE = 128 * 1024 - 64;

function sendable(env: Readonly<Record<string, string>>, { warn }: Context): Record<string, string> {
  const sent = Object.entries(env).filter(([name, value]) => {
    const fits = Buffer.byteLength(value) < LONGEST_VARIABLE && !value.includes("\0");
    if (!fits) warn(`${name} is not set: the output of the last run doesn't fit into a variable`);
    return fits;
  });
  return Object.fromEntries(sent);
}
