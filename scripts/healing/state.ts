import { z } from "zod";
import type { Pulumi } from "../lib/pulumi";

const Resource = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  protect: z.boolean().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullish()).nullish(),
  outputs: z.record(z.string(), z.unknown()).optional(),
});

const Export = z.object({
  deployment: z.object({
    resources: z.array(Resource).nullish(),
    pending_operations: z.array(z.object({ resource: Resource, type: z.string() })).nullish(),
  }),
});

/** A resource as the state has it. */
export type Resource = z.infer<typeof Resource>;

/** What the engine remembers of a stack. */
export interface State {
  readonly resources: readonly Resource[];
  /** Resources with which an operation was under way when the engine ended. */
  readonly pending: readonly Resource[];
}

/** @throws UserError where the stack can't be read */
export async function stateOf(pulumi: Pulumi): Promise<State> {
  const { deployment } = Export.parse(JSON.parse(await pulumi.read(["stack", "export", "--show-secrets"])));
  return {
    resources: deployment.resources ?? [],
    pending: (deployment.pending_operations ?? []).map(({ resource }) => resource),
  };
}

/** The logical name that a URN ends with. */
export const nameIn = (urn: string): string => urn.split("::").at(-1) ?? "";
