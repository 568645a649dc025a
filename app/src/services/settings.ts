import { resolve } from "node:path";
import { SettingsInvalid } from "queuehost/jobs";
import { z } from "zod";

/** What each variable must look like, in the words of the message that a wrong value gets. */
const expectations: Record<string, string> = {
  SMTP_URL: "smtp://host:port or smtps://user:password@host:port",
  MAIL_FROM: "an address such as shop@example.org",
  WEBHOOK_SECRET: "at least 16 characters",
  WEBHOOK_ALLOW_PRIVATE: "true or false",
  EXTERNAL_SYSTEMS: "pairs such as supplier-api=https://example.org/stock, with commas between them",
  MAX_FILE_SIZE: "a whole number of bytes from 1024 to 104857600",
  MAX_IMAGE_PIXELS: "a whole number from 10000 to 100000000",
  PUBLIC_URL: "an address such as https://shop.example.org",
};

/** Variables whose values are never repeated in a message. */
const SECRETS = new Set(["SMTP_URL", "WEBHOOK_SECRET", "EXTERNAL_SYSTEMS"]);

const integer = (fallback: number, min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max)
    .default(fallback);
const url = (protocol: RegExp) => z.url({ protocol }).transform((text) => text.replace(/\/$/, ""));

const schema = z.object({
  /** Where mails are handed over. Without it, jobs that send one fail and say so. */
  SMTP_URL: url(/^smtps?$/).optional(),
  MAIL_FROM: z.email().default("no-reply@localhost.localdomain"),
  /** Signs webhooks. Without it, jobs that send one fail and say so. */
  WEBHOOK_SECRET: z.string().min(16).optional(),
  /** Whether webhooks and synchronisation may reach loopback and private addresses. */
  WEBHOOK_ALLOW_PRIVATE: z
    .enum(["true", "false"])
    .transform((value) => value === "true")
    .default(false),
  /** Systems whose stock can be synchronised, by name. */
  EXTERNAL_SYSTEMS: z
    .string()
    .transform((text) => text.split(",").map((pair) => pair.trim().split(/=(.*)/s).slice(0, 2)))
    .pipe(z.array(z.tuple([z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.url({ protocol: /^https?$/ })])))
    .transform((pairs) => new Map(pairs))
    .default(new Map()),
  /** Bytes of an upload. */
  MAX_FILE_SIZE: integer(10_485_760, 1024, 104_857_600),
  /** Width times height of an image that is decoded; each pixel takes 4 bytes of memory, several times. */
  MAX_IMAGE_PIXELS: integer(25_000_000, 10_000, 100_000_000),
  /** Folders; relative ones lie in STATE_DIR. */
  UPLOAD_DIR: z.string().default("uploads"),
  EXPORTS_DIR: z.string().default("exports"),
  STATE_DIR: z.string().default("./data"),
  /** What links in mails begin with. */
  PUBLIC_URL: url(/^https?$/).default("http://127.0.0.1:3000"),
});

export type ServiceSettings = z.output<typeof schema>;

/**
 * Reads what the services need from environment variables. An empty value counts as unset; folders become absolute.
 *
 * @throws SettingsInvalid that names every fault at once; values of secrets are left out.
 */
export function readServiceSettings(env: Record<string, string | undefined>): ServiceSettings {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = schema.safeParse(set);
  if (!parsed.success) {
    const keys = new Set(parsed.error.issues.map((issue) => String(issue.path[0])));
    throw new SettingsInvalid([...keys].map((key) => fault(key, set[key])));
  }
  const { STATE_DIR, UPLOAD_DIR, EXPORTS_DIR, ...rest } = parsed.data;
  const state = resolve(STATE_DIR);
  return {
    ...rest,
    STATE_DIR: state,
    UPLOAD_DIR: resolve(state, UPLOAD_DIR),
    EXPORTS_DIR: resolve(state, EXPORTS_DIR),
  };
}

function fault(key: string, value: string | undefined): string {
  const got = SECRETS.has(key) ? "got something else" : `got ${JSON.stringify(value)}`;
  return `${key}: should be ${expectations[key]}, ${got}`;
}
