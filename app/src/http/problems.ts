import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyInstance, FastifyReply } from "fastify";
import { ZodError } from "zod";
import { log, reason } from "../log";
import { QueueUnavailable } from "../queue/producer";
import { IdTaken } from "../reservations/service";

/** One fault of a request: where and what was expected. */
interface Fault {
  path: string;
  message: string;
}

/** An error that is meant for the caller, as RFC 9457 problem+json. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly errors?: Fault[],
  ) {
    super(detail);
  }
}

/** Answers every error of the server as problem+json; what isn't the caller's doing is logged and not described. */
export function answerProblems(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    send(reply, new Problem(404, `There is nothing at ${request.method} ${request.url.split("?")[0]}.`));
  });
  app.setErrorHandler((error: FastifyError | Error, _request, reply) => {
    const problem = toProblem(error);
    if (problem.status === 500) log(`[Server] Unerwarteter Fehler: ${error.stack ?? reason(error)}`);
    if (problem.status === 503) reply.header("retry-after", "2");
    send(reply, problem);
  });
}

function toProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError) return new Problem(400, "The request is not valid.", faults(error));
  if (error instanceof IdTaken) return new Problem(422, `${error.message}; send it with another Idempotency-Key.`);
  if (error instanceof QueueUnavailable) {
    return new Problem(503, "The queue can't be reached, and nothing else knows this reservation. Ask again.");
  }
  if ("statusCode" in error && error.statusCode !== undefined && error.statusCode < 500) {
    return new Problem(error.statusCode, error.message);
  }
  return new Problem(500, "The server failed to handle this request. Its log says why.");
}

function faults(error: ZodError): Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return { path: issue.path.join("."), message: issue.message };
    return issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "is not a known field" }));
  });
}

function send(reply: FastifyReply, { status, detail, errors }: Problem): void {
  const title = STATUS_CODES[status] ?? "Error";
  const body = JSON.stringify({ type: "about:blank", title, status, detail, ...(errors ? { errors } : {}) });
  reply.code(status).type("application/problem+json").send(body);
}
