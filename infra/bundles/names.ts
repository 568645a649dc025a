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
