import { maybeRunSandbox } from "../../../../../app/jobs/run/sandbox";
import { jobs } from "./sandboxed";

/** As an application's worker begins, but for the worker. */
if (!maybeRunSandbox({ queues: { work: { description: "" } }, jobs })) process.stdout.write("no sandbox\n");
