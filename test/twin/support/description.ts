import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import Ajv, { type ValidateFunction } from "ajv";
import { PACKAGE } from "../../../scripts/lib/places";

/**
 * Hetzner's own description of its API, which is data for tests and no part of the project: absent, it is not asked. It is
 * looked for in the folder that QUEUEHOST_SHARED names, else in one called `shared` beside the checkout; docs/twin.md says
 * where to get it.
 */
const FILE = join(process.env.QUEUEHOST_SHARED ?? resolve(PACKAGE, "../shared"), "hcloud-openapi.json");

type Json = Record<string, unknown>;

/** What the description of February 2026 still has and Hetzner removed in July 2026. */
const REMOVED = ["datacenter"];

/** OpenAPI 3.0 writes `nullable` where JSON Schema writes a union with null. */
function convert(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(convert);
  if (schema === null || typeof schema !== "object") return schema;
  const { nullable, ...rest } = schema as Json;
  const converted: Json = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [
      key,
      key === "required" && Array.isArray(value) ? value.filter((name) => !REMOVED.includes(name)) : convert(value),
    ]),
  );
  return nullable === true ? { anyOf: [converted, { type: "null" }] } : converted;
}

/** What a path of the description stands for; where a resource may be called by its name, it isn't one of its lists. */
const pattern = (template: string) =>
  new RegExp(
    `^${template.replace(/\{(id_or_name|rr_name|rr_type)\}/g, "(?!actions)[^/]+").replace(/\{[^}]+\}/g, "\\d+")}$`,
  );

/** Compares answers with the description. */
export class Description {
  private readonly validators = new Map<string, ValidateFunction>();
  private constructor(
    private readonly ajv: Ajv,
    private readonly paths: Record<string, Record<string, { responses: Record<string, Json> }>>,
  ) {}

  static load(): Description | undefined {
    if (!existsSync(FILE)) return undefined;
    const document = convert(JSON.parse(readFileSync(FILE, "utf8"))) as Json;
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    ajv.addSchema({ $id: "hetzner", components: document.components });
    return new Description(ajv, document.paths as Description["paths"]);
  }

  /** What is wrong with an answer, or nothing. A path that the description doesn't have is wrong too. */
  faults(method: string, path: string, status: number, body: unknown): string[] {
    const [template, operation] =
      Object.entries(this.paths).find(
        ([template, operations]) => operations[method.toLowerCase()] && pattern(template).test(path),
      ) ?? [];
    const responses = operation?.[method.toLowerCase()]?.responses;
    if (!template || !responses) return [`${method} ${path} is not in the description`];
    const key = status < 400 ? String(status) : `${Math.floor(status / 100)}xx`;
    const response = responses[key];
    if (!response) return [`${method} ${path} answered ${status}; described are ${Object.keys(responses).join(", ")}`];
    const schema = (response.content as Json | undefined)?.["application/json"] as { schema: Json } | undefined;
    if (!schema) return body === undefined ? [] : [`${method} ${path} answered ${status} with a body`];
    const validate = this.validator(`${method} ${template} ${key}`, schema.schema);
    if (validate(body)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message }) => `${method} ${path} ${status}: ${instancePath} ${message}`,
    );
  }

  private validator(name: string, schema: Json): ValidateFunction {
    const known = this.validators.get(name);
    if (known) return known;
    const text = JSON.stringify(schema).replaceAll('"#/components', '"hetzner#/components');
    const made = this.ajv.compile(JSON.parse(text) as Json);
    this.validators.set(name, made);
    return made;
  }
}
