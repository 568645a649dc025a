/** One fault of an `.env`: which key of the configuration, and what is wrong with it. Never holds the value. */
export interface EnvFault {
  readonly path: string;
  readonly reason: string;
}

/** Every key and value of an `.env` that can't be written down, found at once. */
export class EnvError extends Error {
  constructor(readonly faults: readonly EnvFault[]) {
    super(faults.map(({ path, reason }) => `${path}: ${reason}`).join("\n"));
    this.name = "EnvError";
  }
}

/** Linux's MAX_ARG_STRLEN (include/uapi/linux/binfmts.h): the longest `KEY=value`, with its closing NUL, that exec takes. */
const LONGEST = 131_072;

/** Keys that a shell owns: bash refuses to set the first six, and the others change how the rest of the file is read. */
const SHELL_KEYS = new Set(
  "BASHOPTS BASH_VERSINFO EUID PPID SHELLOPTS UID BASHPID GROUPS IFS LINENO OPTIND PATH PWD RANDOM SECONDS _".split(
    " ",
  ),
);

/**
 * The text of an `.env` that systemd's EnvironmentFile, dotenv, Node's --env-file and a shell all read alike.
 *
 * `own` are the keys that the deployment sets, `extra` the team's, whose faults are reported under `env.<KEY>`. Keys keep
 * the order of `own`, then the alphabet.
 * @throws EnvError
 */
export function renderEnv(own: Readonly<Record<string, string>>, extra: Readonly<Record<string, string>>): string {
  const faults: EnvFault[] = [];
  const lines: string[] = [];
  const add = (key: string, value: string, path: string, reason: string | undefined) => {
    if (reason !== undefined) faults.push({ path, reason });
    else lines.push(`${key}=${quote(value)}\n`);
  };
  for (const [key, value] of Object.entries(own)) add(key, value, key, valueFault(key, value));
  for (const key of Object.keys(extra).sort()) {
    const value = extra[key] ?? "";
    add(key, value, `env.${key}`, key in own ? OWN : extraFault(key, value));
  }
  if (faults.length > 0) throw new EnvError(faults);
  return lines.join("");
}

const OWN = "is set by queuehost itself: use its own setting";

/** What is wrong with a key of the team's own, or with its value; nothing where it can be carried. */
export function extraFault(key: string, value: string, own: readonly string[] = []): string | undefined {
  return own.includes(key) ? OWN : (keyFault(key) ?? valueFault(key, value));
}

function valueFault(key: string, value: string): string | undefined {
  const quoted = quote(value);
  return typeof quoted === "string" ? tooLong(key, value) : quoted.reason;
}

/**
 * The value in quotes, or why there are none for it. Measured with 8254 values in systemd 257, dotenv 18, Node 24, dash and
 * bash (docs/env.md): between single quotes everything stands for itself but the quote, and dotenv takes a closing `\'` for
 * more of the value; between double quotes the four disagree about `"`, `\`, `$` and the backtick.
 */
export function quote(value: string): string | { readonly reason: string } {
  const never = value.match(/[\0\r]/u)?.[0];
  if (never !== undefined)
    return { reason: `has a ${never === "\r" ? "carriage return" : "NUL"}, which no .env can carry` };
  // One such value and systemd refuses the whole file.
  if (!value.isWellFormed() || /\p{Noncharacter_Code_Point}/u.test(value)) {
    return { reason: "has a character that is no valid UTF-8 text" };
  }
  if (!value.includes("'") && !value.endsWith("\\")) return `'${value}'`;
  if (!/["\\$`]/.test(value)) return `"${value}"`;
  const [what, beside] = value.includes("'")
    ? ["has a single quote", ['"', "\\", "$", "`"].filter((mark) => value.includes(mark)).join(" ")]
    : ["ends in a backslash", ""];
  return {
    reason: `${what}${beside && ` together with ${beside}`}: systemd, dotenv, Node and a shell would read it differently; change the value, or store it as base64`,
  };
}

function keyFault(key: string): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key))
    return "should be letters, digits and underscores, not starting with a digit";
  if (SHELL_KEYS.has(key)) return "is a name that shells keep for themselves: choose another";
  return undefined;
}

function tooLong(key: string, value: string): string | undefined {
  const bytes = Buffer.byteLength(`${key}=${value}`) + 1;
  return bytes > LONGEST
    ? `is ${bytes} bytes long with its key; Linux starts no process with more than ${LONGEST}`
    : undefined;
}
