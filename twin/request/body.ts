import { z } from "zod";
import { type FieldError, invalidInput, notImplemented } from "../errors";
import { labelFaults } from "./labels";

/** Reads a request's body by a schema; every fault becomes a field of one `invalid_input`. */
export function body<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const fields = new Map<string, string[]>();
  for (const issue of parsed.error.issues) {
    if (issue.code === "unrecognized_keys")
      throw notImplemented(`the option ${issue.keys.map((key) => `'${key}'`).join(", ")}`);
    const name = issue.path.join(".") || "body";
    fields.set(name, [...(fields.get(name) ?? []), issue.message]);
  }
  throw invalidInput([...fields].map(([name, messages]): FieldError => ({ name, messages })));
}

/** Labels as Hetzner takes them; null and absence both mean "leave". */
export const labels = z
  .record(z.string(), z.string())
  .nullish()
  .check((context) => {
    for (const { messages } of labelFaults(context.value ?? {})) {
      for (const message of messages) context.issues.push({ code: "custom", message, input: context.value });
    }
  });

/** The name of a key or a firewall. */
export const name = z.string().trim().min(1, "must not be empty").max(128, "must have at most 128 characters");

/** A server's name is its host name (RFC 1123). */
export const hostname = z
  .string()
  .max(253, "must have at most 253 characters")
  .regex(
    /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/,
    "must be a valid hostname as per RFC 1123",
  );

export const idOrName = z.union([z.string().min(1), z.int()]);
