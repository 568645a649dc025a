import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { TableInvalid } from "../../../../app/jobs/errors";
import { priorityOf } from "../../../../app/jobs/table/defaults";
import { defineJob } from "../../../../app/jobs/table/define-job";
import { defineTable } from "../../../../app/jobs/table/define-table";
import type { PayloadOf } from "../../../../app/jobs/table/types";

const valid = {
  name: "greet" as const,
  queue: "email",
  description: "Greets",
  payload: z.strictObject({ to: z.email(), count: z.int().default(1) }),
  run: async ({ count }: { count: number }) => count,
};

function faults(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof TableInvalid) return error.message.split("\n");
    throw error;
  }
  return [];
}

describe("defineJob", () => {
  it("keeps the types of name, payload and result", () => {
    const job = defineJob(valid);
    expectTypeOf(job.name).toEqualTypeOf<"greet">();
    expectTypeOf<PayloadOf<typeof job>>().toEqualTypeOf<{ to: string; count?: number | undefined }>();
    expectTypeOf(job.run).returns.resolves.toEqualTypeOf<number>();
  });

  it("names all faults of a definition at once", () => {
    const wrong = () =>
      defineJob({
        ...valid,
        name: "gre:et",
        priority: "urgent" as never,
        run: undefined as never,
        attempts: 0,
        backoff: -1,
        maxBytes: 1.5,
        version: 3,
        upgrade: { 1: (old) => old, 3: (old) => old },
        timeLimits: { soft: 20, hard: 10 },
        encrypted: ["from"],
        tracked: false,
        orderBy: ({ to }) => to,
      });
    expect(faults(wrong)).toEqual([
      'gre:et.name: should be letters, digits, - and _ (at most 64), got "gre:et"',
      "gre:et.run: should be a function",
      "gre:et.priority: should be high, normal or low, got urgent",
      "gre:et.attempts: should be a whole number from 1, got 0",
      "gre:et.maxBytes: should be a whole number of bytes from 1, got 1.5",
      "gre:et.backoff: should be milliseconds from 0, got -1",
      "gre:et.timeLimits.soft: should not be above the hard limit of 10 s, got 20",
      "gre:et.orderBy: should be only at a tracked type, since the task table keeps the order",
      "gre:et.upgrade.2: should bring version 2 to version 3",
      "gre:et.upgrade.3: should be below the version, 3",
      "gre:et.encrypted.from: should be one of the payload's fields to, count",
    ]);
  });

  it.each([
    ["a string", z.string(), "should be an object"],
    ["an object or a list", z.union([z.object({}), z.array(z.string())]), "should be an object"],
    ["a Date", z.object({ at: z.date() }), "should hold only what JSON can carry"],
    ["a transformation", z.object({ at: z.string().transform(Number) }), "should hold only what JSON can carry"],
    ["a field of ours", z.object({ $v: z.int() }), "should have no field that begins with $, has $v"],
  ])("refuses a payload that is or has %s", (_, payload, message) => {
    expect(faults(() => defineJob({ ...valid, payload: payload as never, run: async () => {} }))[0]).toContain(
      `greet.payload: ${message}`,
    );
  });

  it("takes unions of objects, and refined ones", () => {
    const union = z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("a") }),
      z.object({ kind: z.literal("b"), secret: z.string() }),
    ]);
    expect(faults(() => defineJob({ ...valid, payload: union, encrypted: ["secret"], run: async () => {} }))).toEqual(
      [],
    );
    const refined = z.object({ from: z.string(), to: z.string() }).refine(({ from, to }) => from < to);
    expect(faults(() => defineJob({ ...valid, payload: refined, run: async () => {} }))).toEqual([]);
  });
});

describe("defineTable", () => {
  const queues = { email: { description: "Mail" }, report: { description: "Reports", storedAs: "reports" } };
  const jobs = [defineJob(valid)];

  it("keeps the names of the queues", () => {
    const table = defineTable({ queues, jobs, ordered: [["email", "report"]] });
    expectTypeOf(table.queues).toHaveProperty("email");
  });

  it("names all faults of a table at once", () => {
    const wrong = () =>
      defineTable({
        queues: {
          "a:b": { description: "" },
          low: { description: "", storedAs: "email", maxWaiting: 0, priority: "urgent" as never },
          email: { description: "", keepFailed: { age: -1, count: 1 }, rateLimit: { max: 0, perMs: 1000 } },
        },
        jobs: [
          ...jobs,
          ...jobs,
          defineJob({ ...valid, name: "lost", queue: "nowhere" }),
          undefined as never,
          { name: "raw" } as never,
        ],
        ordered: [["email", "email"], ["none"]],
      });
    expect(faults(wrong)).toEqual([
      "queues.a:b: name and storedAs should be letters, digits, - and _ (at most 64)",
      "queues.low.priority: should be high, normal or low, got urgent",
      "queues.low.maxWaiting: should be at least 1, got 0",
      "queues.email.storedAs: should not be low's too, got email",
      "queues.email.keepFailed: should be an age and a count from 0",
      "queues.email.rateLimit: should be at least one job per at least one millisecond",
      "jobs.greet: should be there once",
      "jobs.lost.queue: should be one of a:b, low, email, got nowhere",
      "jobs.3: should be made by defineJob, got undefined",
      "jobs.4: should be made by defineJob, got raw",
      "ordered.email: should be there once",
      "ordered.none: should be the name of a queue",
    ]);
  });

  it("takes the caller's priority before the type's before the queue's", () => {
    const table = defineTable({ queues: { ...queues, email: { description: "", priority: "low" } }, jobs });
    const job = defineJob(valid);
    expect(priorityOf(table, job, "report")).toBe(5);
    expect(priorityOf(table, job, "email")).toBe(10);
    expect(priorityOf(table, { ...job, priority: "normal" }, "email")).toBe(5);
    expect(priorityOf(table, { ...job, priority: "normal" }, "email", "high")).toBe(1);
    expect(priorityOf(table, job, "email", 3)).toBe(3);
  });
});
