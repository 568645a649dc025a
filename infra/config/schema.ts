import type { z } from "zod";
import { type Key, key } from "./key";
import { APP_KEYS } from "./keys/app";
import { BACKUPS_KEYS } from "./keys/backups";
import { OPERATION_KEYS } from "./keys/operation";
import type { PROCESS_KEYS } from "./keys/process";
import { PROXY_KEYS } from "./keys/proxy";
import { SERVER_KEYS } from "./keys/server";
import { STORE_KEYS } from "./keys/store";
import { kinds } from "./kinds";

/** Every key once: loading, Pulumi.yaml and the reference in README are made from this table. */
export const KEYS = {
  ...SERVER_KEYS,
  ...APP_KEYS,
  ...PROXY_KEYS,
  ...STORE_KEYS,
  ...BACKUPS_KEYS,
  ...OPERATION_KEYS,
} as const satisfies Record<string, Key>;

export type KeyName = keyof typeof KEYS;

/** Keys that are made up of a prefix and a name of the team's own. */
export const FAMILIES = {
  "env.": key({
    kind: kinds.pattern(/^[\s\S]*$/, "text"),
    example: "env.API_KEY",
    description: "A variable of the application's `.env`",
  }),
  "ssh.key.": key({
    kind: kinds.publicKey,
    example: "ssh-ed25519 AAAA... anna@laptop",
    description: "Public key of one more person who logs in as deploy: ssh.key.<person>",
  }),
  "app.worker.": key({
    kind: kinds.command,
    example: "node dist/mail-worker.js",
    description: "Command of one more group of workers, unit <name>-worker-<group>: app.worker.<group>",
  }),
} as const satisfies Record<string, Key>;

/** What the reference application needs, where `app.path` isn't set in a clone of this repository; no package has it. */
export const REFERENCE = {
  "app.path": "app",
  "app.output": "dist",
  "app.backend": "node backend/main.cjs",
  "app.worker": "node worker/main.cjs",
  "app.smokeTest": "node smoke/main.cjs",
} as const satisfies Partial<Record<KeyName, string>>;

export type { Key } from "./key";
export { PROCESS_KEYS } from "./keys/process";

/** `process.<process>.<setting>`. */
export const PROCESS = "process.";

type Value<K extends Key> = K extends { optional: true } ? z.output<K["kind"]> | undefined : z.output<K["kind"]>;

/** The keys `process.<process>.<setting>` of one process; what isn't set has the default that its description names. */
export type ProcessSettings = {
  readonly [N in keyof typeof PROCESS_KEYS]?: z.output<(typeof PROCESS_KEYS)[N]["kind"]>;
};

/** A stack's configuration, read and checked. */
export type Settings = { readonly [N in KeyName]: Value<(typeof KEYS)[N]> } & {
  /** Name of the stack. */
  readonly stack: string;
  /** Name of its project, in Pulumi.yaml. */
  readonly project: string;
  readonly "server.name": string;
  readonly "app.path": string;
  /** Commands of the workers by group; the group of `app.worker` has no name. */
  readonly workers: Readonly<Record<string, string>>;
  /** What is said of processes, by their names: backend, worker, worker-<group>. */
  readonly processes: Readonly<Record<string, ProcessSettings>>;
  /** The keys `env.<NAME>`: what the team adds to the application's `.env`. */
  readonly env: Readonly<Record<string, string>>;
};
