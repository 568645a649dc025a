import { randomBytes } from "node:crypto";
import { parseEnv } from "node:util";
import { CONVENIENCE_KEYS, OWN_KEYS } from "../../infra/bundles/env";
import { extraFault } from "../../infra/bundles/env-file";
import { databaseUrl } from "../../infra/bundles/postgres";
import { EXAMPLES } from "../../infra/release/example";
import { LOCAL } from "../environment/plan";
import type { App, Finding } from "./finding";

/** What the application's environment needs to know of the rest. */
export interface Surroundings {
  readonly name: string;
  readonly redisPassword: string;
  readonly postgres: boolean;
}

export interface Environment {
  readonly found: readonly Finding[];
  /** Keys that the example file names and for which nothing is known. */
  readonly missing: readonly string[];
}

const SECRET = /SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|PRIVATE|DSN|(^|_)(API_?)?KEY($|_)/;
/** Secrets that are nobody's but the application's: any long random text will do. */
const OWN_SECRET =
  /^(APP|AUTH|JWT|SESSION|COOKIE|CSRF|SIGNING|ENCRYPTION|HASH|NEXTAUTH|BETTER_AUTH)(_\w+)*_(SECRET|KEY|SALT|PEPPER)$|^(APP_|AUTH_|JWT_|SESSION_|COOKIE_)?(SECRET|SECRET_KEY)$/;
const GIVEN_BY_OTHERS = /WEBHOOK|CLIENT|PUBLIC|PUBLISHABLE|OAUTH|API/;
const PLACEHOLDER = /^$|change|replace|your|todo|xxx|<.*>|\.\.\.|secret|placeholder|example|dummy|\bfoo\b/i;
/** Where a developer keeps data is not where a server does. */
const STORE = /^(PG|POSTGRES|DB|DATABASE|MYSQL|MONGO|S3|AWS|MINIO|ELASTIC)/;

/** What the example file of an application names, and what each of it can be on the server. */
export function environmentOf(app: App, around: Surroundings): Environment {
  const file = EXAMPLES.find((name) => app.read(name) !== "");
  const entries = Object.entries(file === undefined ? {} : (parseEnv(app.read(file)) as Record<string, string>));
  const own = new Set<string>([
    ...OWN_KEYS,
    ...CONVENIENCE_KEYS.filter((key) => key !== "DATABASE_URL" || around.postgres),
  ]);
  const found: Finding[] = [];
  const missing: string[] = [];
  for (const [name, value] of entries) {
    if (own.has(name)) continue;
    const known = ours(name, around);
    const key = `env.${name}`;
    if (known !== undefined) found.push({ key, ...known });
    else if (OWN_SECRET.test(name) && !GIVEN_BY_OTHERS.test(name) && PLACEHOLDER.test(value))
      found.push({
        key,
        value: randomBytes(32).toString("hex"),
        why: "a secret of the application's own: generated",
        secret: true,
      });
    else if (
      value === "" ||
      SECRET.test(name) ||
      STORE.test(name) ||
      PLACEHOLDER.test(value) ||
      LOCAL.test(value) ||
      extraFault(name, value) !== undefined
    )
      missing.push(name);
    else found.push({ key, value, why: `as in ${file}` });
  }
  // What the code asks for under a name of its own, and the example leaves out.
  for (const name of readKeys(app).filter((name) => !own.has(name) && !entries.some(([known]) => known === name))) {
    const known = ours(name, around);
    if (known !== undefined) found.push({ key: `env.${name}`, ...known });
  }
  return { found, missing };
}

/** What the server's own Redis and PostgreSQL are, under the names that applications give them. */
function ours(name: string, { name: app, redisPassword, postgres }: Surroundings): Omit<Finding, "key"> | undefined {
  const redis = "the server's Redis";
  if (/(^|_)(REDIS|BULL|BULLMQ|QUEUE)_/.test(`${name}_`) && /REDIS|BULL/.test(name)) {
    if (/(HOST|HOSTNAME)$/.test(name)) return { value: "127.0.0.1", why: redis };
    if (/PORT$/.test(name)) return { value: "6379", why: redis };
    if (/(PASSWORD|PASS|AUTH)$/.test(name))
      return { value: redisPassword, why: `${redis}, as redis.password`, secret: true };
    if (/(URL|URI|CONNECTION(_STRING)?)$/.test(name))
      return {
        value: `redis://:${encodeURIComponent(redisPassword)}@127.0.0.1:6379/0`,
        why: `${redis}, as redis.password`,
        secret: true,
      };
    if (/(USERNAME|USER)$/.test(name)) return { value: "default", why: redis };
    if (/TLS|SSL/.test(name)) return { value: "false", why: redis };
  }
  if (!postgres) return undefined;
  const database = "the server's PostgreSQL";
  const url = new URL(databaseUrl(app));
  if (/^(POSTGRES|POSTGRESQL|PG|DB|DATABASE)(_\w+)?_(URL|URI|CONNECTION_STRING)$/.test(name))
    return { value: databaseUrl(app), why: database };
  const part =
    /^(?:PG|(?:POSTGRES|POSTGRESQL|PG|DB|DATABASE)_)(HOST|PORT|USER|USERNAME|DATABASE|DB|NAME|PASSWORD|PASS)$/.exec(
      name,
    )?.[1];
  const values: Record<string, string> = {
    HOST: url.searchParams.get("host") ?? "",
    PORT: "5432",
    USER: url.username,
    USERNAME: url.username,
    DATABASE: url.pathname.slice(1),
    DB: url.pathname.slice(1),
    NAME: url.pathname.slice(1),
    PASSWORD: "",
    PASS: "",
  };
  return part === undefined ? undefined : { value: values[part] ?? "", why: database };
}

/** The variables that the code reads. */
function readKeys(app: App): string[] {
  const names = app.files.flatMap(({ text }) =>
    [...text.matchAll(/\bprocess\.env(?:\.([A-Z][A-Z0-9_]*)|\[["']([A-Z][A-Z0-9_]*)["']\])/g)].map(
      (match) => match[1] ?? match[2] ?? "",
    ),
  );
  return [...new Set(names)];
}

/** Whether the code reads one of these variables. */
export const reads = (app: App, ...names: string[]): boolean =>
  app.files.some(({ text }) => names.some((name) => new RegExp(`\\b${name}\\b`).test(text)));
