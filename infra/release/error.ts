/** A release can't be built from the application as it is; the message says what to change. */
export class ReleaseError extends Error {
  override name = "ReleaseError";
}
