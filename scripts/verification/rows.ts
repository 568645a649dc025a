import type { Check } from "./check";

/** Reads what the script printed: concern, name, ok or fail, and what was seen, with tabs between. */
export function parse(output: string): Check[] {
  return output
    .split("\n")
    .filter((row) => row !== "")
    .map((row) => {
      const [concern = "", name, verdict, ...seen] = row.split("\t");
      // What can't be read has verified nothing: that is a failure, not a shorter table.
      if (name === undefined || (verdict !== "ok" && verdict !== "fail"))
        return { concern, name: "verify.sh", ok: false, seen: `no check: ${row.replaceAll("\t", " ")}` };
      return { concern, name, ok: verdict === "ok", seen: seen.join(" ") };
    });
}

/** A failure for each concern that answered nothing; none where the server wasn't reached, which is one by itself. */
export function silent(checks: readonly Check[], concerns: readonly string[]): Check[] {
  if (checks.some(({ concern }) => concern === "ssh")) return [];
  return concerns
    .filter((concern) => !checks.some((check) => check.concern === concern))
    .map((concern) => ({ concern, name: "verify.sh", ok: false, seen: "it answered nothing" }));
}
