/** Something that whoever develops can mend: told without a stack. */
export class DevFault extends Error {
  override name = "DevFault";
}
