import { maybeRunSandbox } from "../../../../../app/jobs/run/sandbox";
import { jobs } from "./sandboxed";

const table = { queues: { work: { description: "" } }, jobs };

/** As an application begins in development, backend and worker in one, but for both of them. */
for (const part of ["backend", "worker"]) if (!maybeRunSandbox(table)) process.stdout.write(`${part}\n`);
