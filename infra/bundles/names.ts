/**
 * Application names become folders, units and words of a shell: lower-case letters, digits and hyphens, 31 at most. The
 * configuration has checked it before; this keeps a bundle from ever carrying anything else.
 */
export function assertAppName(name: string): void {
  assertPlain("app.name", name, /^[a-z][a-z0-9-]{0,30}$/);
}

/** The value, when it looks as expected: bundles put values between single quotes of a shell without any escaping. */
export function assertPlain(what: string, value: string, expected: RegExp): string {
  if (!expected.test(value)) throw new Error(`${what}: should match ${expected.source}, got "${value}"`);
  return value;
}

/** A path below some folder, `uploads` or `data/exports`: it neither leaves the folder nor hides a `.env`. */
export const FOLDER = /^(?!.*(^|\/)(\.{1,2}|\.env[^/]*)(\/|$))[A-Za-z0-9._@+-]+(\/[A-Za-z0-9._@+-]+)*$/;

export function assertFolder(what: string, folder: string): string {
  return assertPlain(what, folder, FOLDER);
}

/** A path as it stands in a URL, `/health`. */
export function assertUrlPath(what: string, path: string): string {
  return assertPlain(what, path, /^\/[A-Za-z0-9/._~-]*$/);
}
