import swagger from "@fastify/swagger";
import type { FastifyInstance, FastifySchema } from "fastify";
import { z } from "zod";
import { jsonSchema } from "./job-types";
import { problem } from "./schemas";

declare module "fastify" {
  interface FastifySchema {
    /** Status codes of problems that the route may answer with, beside those that its form implies. */
    readonly problems?: readonly number[];
  }
}

const meanings: Readonly<Record<number, string>> = {
  400: "Something in the request is wrong; `errors` says where",
  401: "No token or login",
  403: "The token or login isn't enough, or none are configured",
  404: "Not known",
  409: "Not in this state",
  413: "The body is too large",
  415: "The body isn't JSON",
  422: "The id stands for something else",
  429: "Too many requests, or too many jobs wait; Retry-After says when to come again",
  503: "The queue or the task database can't be reached, or this process is about to stop; Retry-After says when to come again",
};
const secured = [{ token: [] }, { session: [] }];

/** Describes the routes that are added after this, unless they are hidden. */
export async function openapi(app: FastifyInstance, release: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Tasks and queues", version: release, description: "Faults are RFC 9457 problem+json." },
      components: {
        schemas: { Problem: jsonSchema(problem, "output") },
        securitySchemes: {
          token: { type: "http", scheme: "bearer", description: "A token of API_TOKENS" },
          session: { type: "apiKey", in: "cookie", name: "queuehost_session", description: "What POST /login gives" },
        },
      },
    },
    transform: ({ schema, url }) => ({ schema: schema && described(schema, url), url: withSlash(url) }),
  });
}

/** The routes of this application end in a slash; without it they are the same. */
const withSlash = (url: string) => (url.startsWith("/api/") && !url.endsWith(".json") ? `${url}/` : url);

function described(schema: FastifySchema, url: string): FastifySchema {
  const { body, querystring, params, response = {}, problems = [], ...rest } = schema;
  const isApi = url.startsWith("/api/");
  const implied = [
    429,
    ...(isApi ? [401, 403, 503] : []),
    ...(querystring || params ? [400] : []),
    ...(body ? [400, 413, 415] : []),
  ];
  const codes = [...new Set([...implied, ...problems])].sort();
  return {
    ...rest,
    ...(isApi && { security: secured }),
    ...(body instanceof z.ZodType && { body: jsonSchema(body) }),
    ...(querystring instanceof z.ZodType && { querystring: jsonSchema(querystring) }),
    ...(params instanceof z.ZodType && { params: jsonSchema(params) }),
    response: {
      ...Object.fromEntries(
        Object.entries(response as Record<string, unknown>).map(([code, answer]) => [code, answered(answer)]),
      ),
      ...Object.fromEntries(codes.map((code) => [code, problemOf(code)])),
    },
  };
}

function answered(schema: unknown): unknown {
  return schema instanceof z.ZodType ? { ...jsonSchema(schema, "output"), "x-response-description": "Done" } : schema;
}

const problemOf = (code: number) => ({
  description: meanings[code],
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
});
