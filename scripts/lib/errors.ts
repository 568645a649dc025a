/** Something that the user can mend. Its message says where, what was expected, what was got and what to do next. */
export class UserError extends Error {
  override readonly name: string = "UserError";
}

/**
 * Something that can't be had on this machine, though nothing is broken: no root and no Docker, no Linux, neither Go nor a
 * download. Tests that need it are skipped by name.
 */
export class NotToBeHad extends UserError {
  override readonly name = "NotToBeHad";
}
