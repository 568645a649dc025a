import { type SshConnection, withSsh } from "../ssh";
import { COMMAND_SHAPE, type CommandInputs, OutputLog, previousOutputEnv } from "./command";
import { commandResource } from "./command-resource";
import { CONNECTION } from "./connection-shape";
import type { Context } from "./resource";

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
export const remoteCommand = commandResource<Inputs>(shape, async (command, inputs, last, context) => {
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
  if (finished.code === 0) return finished;
  const failure = finished.code === null ? "Process ended by a signal" : `Process exited with status ${finished.code}`;
  return { ...finished, failure };
});

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
