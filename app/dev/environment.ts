import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { loadEnvFile } from "node:process";

/** The application's folder. */
export const APP = resolve(__dirname, "..");

/** What development says of itself, where neither the environment nor .env does. */
export interface DevEnvironment {
  readonly redis: { readonly host: string; readonly port: number; readonly password: string };
  readonly usesRedis: boolean;
  /** Where somebody has a mail server already. */
  readonly smtpUrl: string | undefined;
  readonly host: string;
  readonly port: string;
  readonly url: string;
  readonly stateDir: string;
}

/** Reads .env and the environment, which wins; what isn't set gets a value for development. */
export function prepareEnvironment(env: NodeJS.ProcessEnv = process.env): DevEnvironment {
  const file = join(APP, ".env");
  if (existsSync(file)) loadEnvFile(file);
  const stateDir = resolve(APP, env.STATE_DIR || "data");
  mkdirSync(stateDir, { recursive: true });
  const host = env.HOST || "127.0.0.1";
  const port = env.PORT || "3000";
  const url = `http://${host}:${port}`;
  env.STATE_DIR = stateDir;
  env.PUBLIC_URL ||= url;
  env.WEBHOOK_SECRET ||= "for development alone";
  env.WEBHOOK_ALLOW_PRIVATE ||= "true";
  env.QUEUE_ENCRYPTION_KEY ||= encryptionKey(join(stateDir, "encryption-key"));
  return {
    redis: {
      host: env.REDIS_HOST || "127.0.0.1",
      port: Number(env.REDIS_PORT || 6379),
      password: env.REDIS_PASSWORD || "",
    },
    usesRedis: env.QUEUE_ENABLED !== "false",
    smtpUrl: env.SMTP_URL || undefined,
    host,
    port,
    url,
    stateDir,
  };
}

/** The same each time: jobs of yesterday can be read. */
function encryptionKey(file: string): string {
  if (!existsSync(file)) writeFileSync(file, `dev:${randomBytes(32).toString("base64")}`, { mode: 0o600 });
  return readFileSync(file, "utf8").trim();
}
