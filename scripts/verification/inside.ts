import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runOverSsh, SshError } from "../engine/command-provider";
import { ROOT } from "../lib/rehearsal";
import type { Check, Subject } from "./check";

const HOST = join(ROOT, "host");

/** Runs every `host/<concern>/verify.sh` on the server, side by side, over one SSH connection. */
export async function inside({ host, user, privateKey, hostKey, expected }: Subject): Promise<Check[]> {
  try {
    const { exitCode, stdout, stderr } = await runOverSsh(
      { host, user, privateKey, hostKey, dialErrorLimit: 1, perDialTimeout: 5 },
      { command: "sudo -n bash -s", stdin: script(expected), timeoutMs: 60_000 },
    );
    return exitCode === 0
      ? stdout.split("\n").flatMap(parse)
      : [unreachable(stderr.trim() || `ended with ${exitCode}`)];
  } catch (error) {
    if (error instanceof SshError) return [unreachable(error.message)];
    throw error;
  }
}

const unreachable = (seen: string): Check => ({ concern: "ssh", name: "connection", ok: false, seen });

/** The concerns that have something to verify, in the order of their names. */
export function concerns(): string[] {
  return readdirSync(HOST).filter((name) => existsSync(join(HOST, name, "verify.sh")));
}

/** One script of all verify.sh, each in a process of its own, so that none can spoil another's answer. */
export function script(expected: Readonly<Record<string, string>>): string {
  const library = readFileSync(join(HOST, "lib-verify.sh"), "utf8");
  const variables = Object.entries(expected).map(([name, value]) => `export ${name}=${quote(value)}`);
  const parts = concerns().map((concern) => {
    const text = `${library}\n${readFileSync(join(HOST, concern, "verify.sh"), "utf8")}`;
    // A quoted here-document of base64 arrives as it is, whatever the script holds.
    return [
      `{ base64 -d <<'END' | bash >"$d/${concern}" 2>"$d/${concern}.err" || echo "ended with $?" >>"$d/${concern}.err"`,
      Buffer.from(text).toString("base64"),
      "END",
      // A script that complains has not looked at everything that it should have.
      `[ ! -s "$d/${concern}.err" ] || printf 'verify.sh\\tfail\\t%s\\n' "$(tail -n 1 "$d/${concern}.err")" >>"$d/${concern}"`,
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
    `for concern in ${concerns().join(" ")}; do sed "s/^/$concern\\t/" "$d/$concern"; done`,
    "",
  ].join("\n");
}

function parse(row: string): Check[] {
  const [concern, name, verdict, ...seen] = row.split("\t");
  if (concern === undefined || name === undefined || verdict === undefined) return [];
  return [{ concern, name, ok: verdict === "ok", seen: seen.join(" ") }];
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}
