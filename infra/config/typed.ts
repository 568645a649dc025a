/** The namespace of the configuration's keys. */
export const NAMESPACE = "queuehost";

/** A key as it is typed on Pulumi's command line, which adds the project's name to one without a namespace. */
export const configKey = (key: string, project: string): string =>
  project === NAMESPACE ? key : `${NAMESPACE}:${key}`;

/** How the command line is called in a project: a clone of this repository has no link to its own programs. */
export const queuehost = (command: string, project: string): string =>
  `${project === NAMESPACE ? "npm run queuehost --" : "npx queuehost"} ${command}`;
