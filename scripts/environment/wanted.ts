import { parse } from "dotenv";
import { envOf } from "../../infra/components/release";
import { ConfigError, parseConfig } from "../../infra/config/parse";
import type { Settings } from "../../infra/config/schema";
import { UserError } from "../lib/errors";
import { projectName } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { configOf } from "./config";

/** The `.env` that the next `up` of a stack writes. */
export interface Wanted {
  /** Name of the application. */
  readonly app: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** @throws UserError with all that is wrong with the stack's configuration */
export async function wanted(pulumi: Pulumi): Promise<Wanted> {
  const settings = await settingsOf(pulumi);
  const text = envOf(settings).files.find(({ path }) => path === "env")?.content ?? "";
  return { app: settings["app.name"], variables: parse(text) };
}

/** @throws UserError with all that is wrong with the stack's configuration */
export async function settingsOf(pulumi: Pulumi): Promise<Settings> {
  const present = await configOf(pulumi, true);
  const entries = Object.fromEntries(Object.entries(present).map(([key, { value = "" }]) => [key, value]));
  const secrets = new Set(Object.keys(present).filter((key) => present[key]?.secret));
  // For messages alone.
  const place = { stack: pulumi.stack, project: projectName() };
  try {
    return parseConfig(place, entries, secrets, process.env.HCLOUD_TOKEN);
  } catch (error) {
    if (error instanceof ConfigError) throw new UserError(error.message);
    throw error;
  }
}
