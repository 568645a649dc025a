/** One field of a request that was refused, with the reasons, as Hetzner lists them. */
export interface FieldError {
  readonly name: string;
  readonly messages: readonly string[];
}

/** An answer in the shape of Hetzner's errors: `{"error": {"code", "message", "details"}}`. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: object | null = null,
  ) {
    super(message);
  }

  get body(): object {
    return { error: { code: this.code, message: this.message, details: this.details } };
  }
}

export const unauthorized = () => new ApiError(401, "unauthorized", "unable to authenticate");

export const notFound = (what: string) => new ApiError(404, "not_found", `${what} not found`);

export const invalidInput = (fields: readonly FieldError[]) =>
  new ApiError(
    422,
    "invalid_input",
    `invalid input in ${fields.length === 1 ? "field" : "fields"} ${fields.map(({ name }) => `'${name}'`).join(", ")}: ${fields
      .flatMap(({ name, messages }) => messages.map((message) => `${name}: ${message}`))
      .join("; ")}`,
    { fields },
  );

export const jsonError = (message: string) => new ApiError(400, "json_error", message);

export const uniquenessError = (message: string, field: string) =>
  new ApiError(409, "uniqueness_error", message, { fields: [{ name: field }] });

export const locked = (what: string) =>
  new ApiError(423, "locked", `${what} is locked: another action is running on it`);

export const protectedResource = (what: string) =>
  new ApiError(423, "protected", `${what} is protected against deletion`);

export const conflict = (message: string) => new ApiError(409, "conflict", message);

export const resourceInUse = (message: string) => new ApiError(409, "resource_in_use", message);

export const resourceUnavailable = (message: string) => new ApiError(412, "resource_unavailable", message);

export const limitExceeded = (message: string) => new ApiError(403, "resource_limit_exceeded", message);

/** Not one of Hetzner's codes, on purpose: nobody shall take it for an answer of the real cloud. */
export const notImplemented = (what: string) =>
  new ApiError(501, "not_implemented_by_twin", `the twin does not imitate ${what}`);

/** Docker doesn't answer: nothing was changed, and the twin goes on when it is back. */
export const engineUnavailable = (reason: string) =>
  new ApiError(503, "service_error", `the twin can't reach Docker, on which its machines run: ${reason}`);
