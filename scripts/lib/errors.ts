/** Something that the user can mend. Its message says where, what was expected, what was got and what to do next. */
export class UserError extends Error {
  override readonly name = "UserError";
}
