import type { Settings } from "./schema";

/** What marks a stack's things at Hetzner: several projects, each with a stack `staging`, may share one Hetzner project. */
export interface Labels extends Readonly<Record<string, string>> {
  readonly "managed-by": "queuehost";
  readonly stack: string;
  readonly project: string;
}

/**
 * @param app the application that the server is for; without it, no such label is given
 */
export function labelsOf({ stack, project }: Pick<Settings, "stack" | "project">, app?: string): Labels {
  return {
    "managed-by": "queuehost",
    stack: labelValue(stack),
    project: labelValue(project),
    ...(app !== undefined && { app: labelValue(app) }),
  };
}

/** A name as a label's value: Hetzner takes 63 characters, the first and the last of them letters or digits. */
export function labelValue(name: string): string {
  return name
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[._-]+/, "")
    .slice(0, 63)
    .replace(/[._-]+$/, "");
}

/** Whether something with these labels can be a project's own. Up to 0.1.0 there was no label of the project. */
export const isOfProject = (labels: Readonly<Record<string, string>>, project: string): boolean =>
  labels.project === undefined || labels.project === labelValue(project);

/** The server's name at Hetzner, and that of its firewall and its key, where the configuration names no other. */
export const defaultServerName = (stack: string): string => `queuehost-${stack}`;
