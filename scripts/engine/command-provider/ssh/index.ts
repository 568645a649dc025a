export type { SshConnection } from "./connection";
export { SshError } from "./errors";
export { type RemoteResult, type RemoteRun, runOverSsh } from "./run";
export { type Finished, type RunOptions, type Session, type SessionOptions, withSsh } from "./session";
