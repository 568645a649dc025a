import type { AnyJob, Jobs } from "queuehost/jobs";
import { z } from "zod";
import { invalid } from "./problems";

/** @throws Problem 400 for a name that isn't in the table */
export function typeOf(jobs: Jobs, name: string): AnyJob {
  const job = jobs.table.jobs.find((candidate) => candidate.name === name);
  if (job) return job;
  throw invalid({ path: "type", message: `should be one of ${jobs.table.jobs.map((known) => known.name).join(", ")}` });
}

/**
 * The body of a request that names a type of job and carries its payload, beside other fields. The document shows each type's
 * own payload; it is checked by `enqueue`, once.
 */
export function payloadBody<Shape extends z.core.$ZodLooseShape>(jobs: Jobs, shape: Shape) {
  const oneOf = jobs.table.jobs.map(({ name, description, payload }) => ({
    title: name,
    description,
    properties: { type: { const: name }, payload: jsonSchema(payload) },
  }));
  return z
    .strictObject({ type: z.string(), payload: z.record(z.string(), z.unknown()), ...shape })
    .meta({ discriminator: { propertyName: "type" }, oneOf });
}

/** As OpenAPI 3.1 takes it: JSON Schema 2020-12. What JSON can't say is left open. */
export function jsonSchema(schema: z.ZodType, io: "input" | "output" = "input"): Record<string, unknown> {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: "any" });
  return rest;
}
