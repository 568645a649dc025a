import type { Shape } from "../shape";
import type { Props } from "../values";
import {
  asOutput,
  type CommandInputs,
  commandError,
  type Output,
  previousOutput,
  type Ran,
  type Which,
} from "./command";
import { type Context, decode, newId, type Resource } from "./resource";

/** What a run came to. `failure` says how it ended, where that wasn't well. */
interface Performed extends Ran {
  readonly failure?: string;
}

/** Runs a command to its end, here or elsewhere; `last` is what the run before it wrote. */
type Perform<Inputs> = (command: string, inputs: Inputs, last: Output, context: Context) => Promise<Performed>;

/** The life of a command, wherever it runs: `create`, `update` (or `create` again) and `delete`. */
export function commandResource<Inputs extends CommandInputs>(shape: Shape, perform: Perform<Inputs>): Resource {
  /** Runs one of the commands, if there is one, and returns what it wrote; else what the one before it wrote. */
  async function run(props: Props, inputs: Inputs, which: Which, last: Output, context: Context): Promise<Props> {
    const command = inputs[which];
    if (command === undefined) return { ...last };
    const ran = await perform(command, inputs, last, context);
    if (ran.failure === undefined) return asOutput(ran);
    throw commandError(ran.failure, props, inputs, which, ran);
  }

  return {
    shape,
    outputs: ["stdout", "stderr"],

    async create(props, context) {
      const output = await run(props, decode<Inputs>(shape, props), "create", { stdout: "", stderr: "" }, context);
      return { id: newId(context.name), state: { ...props, ...output } };
    },

    async update(props, state, context) {
      const inputs = decode<Inputs>(shape, props);
      const which = inputs.update === undefined ? "create" : "update";
      return { ...props, ...(await run(props, inputs, which, previousOutput(state), context)) };
    },

    async delete(state, context) {
      // Without a command there is nothing to connect for, and nothing to check.
      if (state.delete === undefined) return;
      await run(state, decode<Inputs>(shape, state), "delete", previousOutput(state), context);
    },
  };
}
