import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import {
  EncryptionKeyMissing,
  type Fault,
  IdTaken,
  InputInvalid,
  JobFailed,
  PayloadInvalid,
  QueueFull,
  QueueUnavailable,
  StoreUnavailable,
  Unrecoverable,
} from "queuehost/jobs";
import { ZodError } from "zod";
import { log, reason } from "../log";

/** An error that is meant for the caller, as RFC 9457 problem+json. */
export class Problem extends Error {
  override name = "Problem";
  constructor(
    readonly status: number,
    readonly detail: string,
    readonly more: {
      readonly errors?: readonly Fault[];
      /** Seconds. */
      readonly retryAfter?: number;
    } = {},
  ) {
    super(detail);
  }
}

/** A fault of the request itself: 400, with the path. */
export function invalid(...errors: readonly Fault[]): Problem {
  return new Problem(400, "The request is not valid.", { errors });
}

/** Answers an error as problem+json; what isn't the caller's doing is logged and not described. */
export function answerProblem(error: FastifyError | Error, _request: FastifyRequest, reply: FastifyReply): void {
  const problem = toProblem(error);
  if (problem.status === 500) log(`[Server] Unerwarteter Fehler: ${error.stack ?? reason(error)}`);
  send(reply, problem);
}

function toProblem(error: FastifyError | Error): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof ZodError) return invalid(...faults(error));
  if (error instanceof InputInvalid) return invalid(error.fault);
  if (error instanceof PayloadInvalid) {
    return invalid(...error.faults.map(({ path, message }) => ({ path: within("payload", path), message })));
  }
  if (error instanceof IdTaken) return new Problem(422, `${error.message}; send it under another id.`);
  if (error instanceof QueueFull) return new Problem(429, error.message, { retryAfter: error.retryAfter });
  if (error instanceof QueueUnavailable) {
    return new Problem(503, "The queue can't be reached now, and nothing else can answer this. Ask again.");
  }
  if (error instanceof JobFailed) {
    return new Problem(503, "No queue can be reached now, and what this request did itself has failed. Ask again.");
  }
  if (error instanceof StoreUnavailable) return new Problem(503, "The task database can't be reached now. Ask again.");
  if (error instanceof Unrecoverable) return new Problem(409, `This job can't run as it is: ${error.message}`);
  if (error instanceof EncryptionKeyMissing) return new Problem(503, error.message);
  if ("statusCode" in error && error.statusCode === 400) return invalid({ path: "", message: error.message });
  if ("statusCode" in error && error.statusCode !== undefined && error.statusCode < 500) {
    return new Problem(error.statusCode, error.message);
  }
  return new Problem(500, "The server failed to handle this request. Its log says why.");
}

const within = (outer: string, path: string) => (path === "" ? outer : `${outer}.${path}`);

function faults(error: ZodError): Fault[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== "unrecognized_keys") return { path: issue.path.join("."), message: issue.message };
    return issue.keys.map((key) => ({ path: [...issue.path, key].join("."), message: "is not a known field" }));
  });
}

function send(reply: FastifyReply, { status, detail, more }: Problem): void {
  const title = STATUS_CODES[status] ?? "Error";
  const { errors, retryAfter = status === 503 ? 2 : undefined } = more;
  if (retryAfter !== undefined) reply.header("retry-after", String(retryAfter));
  const body = JSON.stringify({ type: "about:blank", title, status, detail, ...(errors ? { errors } : {}) });
  reply.code(status).type("application/problem+json").send(body);
}
