import { QueueHost } from "queuehost";

/** What it returns are the stack's outputs; `queuehost verify` and the other commands read them. */
export = async () => (await QueueHost.fromConfig()).outputs;
