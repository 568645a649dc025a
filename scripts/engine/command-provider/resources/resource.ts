import { randomBytes } from "node:crypto";
import { checkInputs, type Shape } from "../shape";
import { type Props, plain } from "../values";

/** What an operation may use beside its properties. */
export interface Context {
  /** The resource's name in the program. */
  readonly name: string;
  /** Aborted when the engine cancels the deployment. */
  readonly signal: AbortSignal;
  /** Shows a line beside the resource while it is worked on. */
  readonly status: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** One type of resource. Properties are as they travel, secrets included; previews never get here. */
export interface Resource {
  readonly shape: Shape;
  /** Properties of the state that are no inputs. They are unknown in a preview. */
  readonly outputs: readonly string[];
  /** Returns the new resource's id and its state. */
  create(inputs: Props, context: Context): Promise<{ readonly id: string; readonly state: Props }>;
  update(inputs: Props, state: Props, context: Context): Promise<Props>;
  delete(state: Props, context: Context): Promise<void>;
}

/** The properties as a program would write them. Throws when one of them is refused or not known, naming it. */
export function decode<T>(shape: Shape, props: Props): T {
  const inputs = Object.fromEntries(Object.entries(props).filter(([name]) => name in shape));
  const { inputs: checked, failures } = checkInputs(shape, inputs);
  if (failures.length > 0) throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("; "));
  return plain(checked) as T;
}

/** An id as the official provider makes them: a prefix and eight random hex digits. */
export function newId(prefix: string): string {
  return prefix + randomBytes(4).toString("hex");
}
