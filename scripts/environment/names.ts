import { CONVENIENCE_KEYS, OWN_KEYS } from "../../infra/bundles/env";
import { NAMESPACE, type Present } from "./plan";

/** A variable of an application's `.env`. */
export interface Name {
  readonly key: string;
  readonly secret: boolean;
  /** Who sets it: the team by its configuration, or queuehost itself. */
  readonly by: "team" | "queuehost";
}

/** The deployment's own variables with the password of Redis in them. */
const SECRET = ["REDIS_PASSWORD", "REDIS_URL"];

/** The variables that a configuration comes to, in the order of the file. Needs no secret's value. */
export function namesOf(present: Present): Name[] {
  const prefix = `${NAMESPACE}env.`;
  const team = Object.entries(present)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, { secret = false }]): Name => ({ key: key.slice(prefix.length), secret, by: "team" }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const hasDatabase = present[`${NAMESPACE}postgres.enabled`]?.value === "true";
  const convenient = CONVENIENCE_KEYS.filter(
    (key) => !team.some((one) => one.key === key) && (key !== "DATABASE_URL" || hasDatabase),
  );
  const own = [...OWN_KEYS, ...convenient].map((key): Name => ({ key, secret: SECRET.includes(key), by: "queuehost" }));
  return [...own, ...team];
}
