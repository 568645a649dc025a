/** The namespace of the configuration's keys. */
export const NAMESPACE = "queuehost";

/** A key as it is typed on Pulumi's command line, which adds the project's name to one without a namespace. */
export const typed = (key: string, project: string): string => (project === NAMESPACE ? key : `${NAMESPACE}:${key}`);
