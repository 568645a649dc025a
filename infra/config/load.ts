import * as pulumi from "@pulumi/pulumi";
import { ConfigError, parseConfig } from "./parse";
import type { Settings } from "./schema";

/** The current stack's configuration. Faults end the program with all of them in one message and no stack trace. */
export function loadConfig(): Settings {
  // The engine says which keys are secret in the environment alone; the SDK doesn't export its reading of it.
  const secrets = new Set<string>(JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]"));
  try {
    return parseConfig(
      { stack: pulumi.getStack(), project: pulumi.getProject() },
      pulumi.runtime.allConfig(),
      secrets,
      process.env.HCLOUD_TOKEN,
    );
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
