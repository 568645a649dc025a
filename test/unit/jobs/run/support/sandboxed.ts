import { z } from "zod";
import { Unrecoverable } from "../../../../../app/jobs/errors";
import { defineJob } from "../../../../../app/jobs/table/define-job";

const common = { queue: "work", description: "", payload: z.looseObject({}), sandboxed: true } as const;

let counted = 0;

/** Jobs that run in a process of their own. */
export const jobs = [
  defineJob({ ...common, name: "who", run: async () => process.pid }),
  defineJob({
    ...common,
    name: "counts",
    run: async () => {
      counted += 1;
      // Whatever else runs it at the same time has counted too by then.
      await new Promise((resolve) => setImmediate(resolve));
      return counted;
    },
  }),
  defineJob({
    ...common,
    name: "busy",
    timeLimits: { soft: 0.2, hard: 0.5 },
    run: async () => {
      for (;;);
    },
  }),
  defineJob({
    ...common,
    name: "dies",
    run: async () => process.kill(process.pid, "SIGKILL"),
  }),
  defineJob({
    ...common,
    name: "fails",
    run: async (payload) => {
      throw payload.final ? new Unrecoverable("for good") : new RangeError("this time");
    },
  }),
  defineJob({
    ...common,
    name: "effect",
    encrypted: ["secret"],
    payload: z.looseObject({ secret: z.string() }),
    run: async ({ secret }, { once, progress }) => {
      await progress(40, "half");
      return await once(async () => secret);
    },
  }),
  defineJob({
    ...common,
    name: "waits",
    run: async (payload, { signal }) => {
      await new Promise((_, reject) => {
        const idle = setInterval(() => {}, 1000);
        signal.addEventListener("abort", () => {
          if (payload.deaf) return;
          clearInterval(idle);
          reject(signal.reason);
        });
      });
    },
  }),
];
