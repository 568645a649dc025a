import { copyToRemote } from "./copy-to-remote";
import { localCommand } from "./local-command";
import { remoteCommand } from "./remote-command";
import type { Resource } from "./resource";

/** Every type of resource that this provider has. */
export const RESOURCES: ReadonlyMap<string, Resource> = new Map([
  ["command:local:Command", localCommand],
  ["command:remote:Command", remoteCommand],
  ["command:remote:CopyToRemote", copyToRemote],
]);
