import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PACKAGE } from "../lib/places";

const HOST = join(PACKAGE, "host");

/**
 * The concerns that have something to verify, in the order of their names.
 *
 * @param folder holds a folder a concern
 */
export function concerns(folder = HOST): string[] {
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "verify.sh")))
    .sort();
}

/** One script of all verify.sh, each in a process of its own, so that none can spoil another's answer. */
export function script(expected: Readonly<Record<string, string>>, folder = HOST): string {
  const library = readFileSync(join(folder, "lib-verify.sh"), "utf8");
  const variables = Object.entries(expected).map(([name, value]) => `export ${name}=${quote(value)}`);
  const parts = concerns(folder).map((concern) => {
    const text = `${library}\n${readFileSync(join(folder, concern, "verify.sh"), "utf8")}`;
    // A quoted here-document of base64 arrives as it is, whatever the script holds.
    return [
      `{ base64 -d <<'END' | bash >"$d/${concern}" 2>"$d/${concern}.err" || echo "ended with $?" >"$d/${concern}.end"`,
      Buffer.from(text).toString("base64"),
      "END",
      // A script that complains has not looked at everything that it should have. It may have ended within a line.
      `fault=$(cat "$d/${concern}.err" "$d/${concern}.end" 2>/dev/null | head -n 1)`,
      `[ -z "$fault" ] || printf '\\nverify.sh\\tfail\\t%s\\n' "$fault" >>"$d/${concern}"`,
      "} &",
    ].join("\n");
  });
  return [
    "set -o pipefail",
    "umask 077",
    "d=$(mktemp -d)",
    `trap 'rm -rf "$d"' EXIT`,
    ...variables,
    ...parts,
    "wait",
    `for concern in ${concerns(folder).join(" ")}; do awk -v concern="$concern" 'NF { print concern "\\t" $0 }' "$d/$concern"; done`,
    "",
  ].join("\n");
}

/** A value as one word of a shell. */
export function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
