import { QueueHost } from "./queue-host";

/** The program of this repository: what its stacks' configuration says. What it returns are the stack's outputs. */
export = async () => (await QueueHost.fromConfig()).outputs;
