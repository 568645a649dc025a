export type { SshConnection } from "./connection";
export { SshError } from "./errors";
export { runOverSsh } from "./run";
export { type Finished, type Session, withSsh } from "./session";
