export type { SshConnection } from "./connection";
export { SshError } from "./errors";
export { runOverSsh } from "./run";
export { withSsh } from "./session";
