import { CONVENIENCE_KEYS, OWN_KEYS } from "../bundles/env";
import { ReleaseError } from "../release";
import type { Settings } from "./schema";
import { configKey, queuehost } from "./typed";

/**
 * Every variable that the application's example file names has a value: one that is missing would show when the first user
 * needs it.
 *
 * @param named the keys of the example file (`exampleKeys`)
 * @throws ReleaseError naming all that are missing, with the lines that set them
 */
export function assertExampleKeys(
  settings: Pick<Settings, "env" | "stack" | "project" | "postgres.enabled">,
  named: readonly string[],
): void {
  const { env, stack, project } = settings;
  const set = new Set<string>([...OWN_KEYS, ...CONVENIENCE_KEYS, ...Object.keys(env)]);
  if (!settings["postgres.enabled"] && !("DATABASE_URL" in env)) set.delete("DATABASE_URL");
  const missing = named.filter((key) => !set.has(key));
  if (missing.length === 0) return;
  const lines = missing.map(
    (key) =>
      `  env.${key}: the application's example file names it, the stack doesn't set it\n` +
      `      npx pulumi config set --secret ${configKey(`env.${key}`, project)} --stack ${stack}`,
  );
  throw new ReleaseError(
    [
      `The configuration of stack ${stack} lacks ${missing.length === 1 ? "a variable" : `${missing.length} variables`} of the application:`,
      ...lines,
      `A whole file at once: ${queuehost(`env import FILE --stack ${stack}`, project)}. One that may be empty: npx pulumi config set ${configKey("env.KEY", project)} '' --stack ${stack}`,
      ...(missing.includes("DATABASE_URL")
        ? [
            `A database on the server: npx pulumi config set ${configKey("postgres.enabled", project)} true --stack ${stack}`,
          ]
        : []),
    ].join("\n"),
  );
}
