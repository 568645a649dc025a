import { extraFault } from "../../infra/bundles/env-file";
import { KEYS } from "../../infra/config/schema";
import { FATES, type Fate } from "./own";
import type { Entry } from "./read";

/** A stack's configuration as `pulumi config --json` prints it. */
export type Present = Readonly<Record<string, { readonly value?: string; readonly secret?: boolean }>>;

/** A variable that is taken over, and where its value goes. */
export interface Taken {
  readonly key: string;
  /** Key of the configuration, without its namespace. */
  readonly setting: string;
  readonly secret: boolean;
  readonly change: "new" | "changed" | "same";
  readonly value: string;
}

/** A variable that is left out, and why. */
export interface Left {
  readonly key: string;
  readonly why: string;
}

/** What an import of an `.env` would do. */
export interface Plan {
  readonly taken: readonly Taken[];
  readonly left: readonly Left[];
  /** What forbids it, each with its line of the file where it has one. Holds no values. */
  readonly faults: readonly { readonly line?: number; readonly reason: string }[];
}

export const NAMESPACE = "queuehost:";

/** What only the computer that it was written on means by it. */
export const LOCAL = /localhost|127\.0\.0\.1|0\.0\.0\.0|host\.docker|\.local\b|\.test\b/;

/** The variables whose values name the computer itself: on the server, that is the server. */
export const localOnes = (taken: readonly Taken[]): string[] =>
  taken.filter(({ setting, value }) => setting.startsWith("env.") && LOCAL.test(value)).map(({ key }) => key);

/**
 * Says what becomes of each variable of an `.env`.
 *
 * @param plain names of variables that aren't secret
 */
export function plan(entries: readonly Entry[], present: Present, plain: readonly string[]): Plan {
  const taken: Taken[] = [];
  const left: Left[] = [];
  const faults: { line?: number; reason: string }[] = plain
    .filter((name) => !entries.some(({ key }) => key === name))
    .map((name) => ({ reason: `--plain ${name}: should be a variable of the file` }));
  const take = (key: string, setting: string, secret: boolean, value: string) => {
    const before = present[NAMESPACE + setting];
    const same = before?.value === value && (before.secret ?? false) === secret;
    // A declared key that isn't set has an empty value.
    const there = before !== undefined && (before.secret || before.value !== "" || setting.startsWith("env."));
    taken.push({ key, setting, secret, value, change: same ? "same" : there ? "changed" : "new" });
  };
  for (const { key, value, line } of entries) {
    const fate = fateOf(key, present);
    if (fate === undefined) {
      const fault = extraFault(key, value);
      if (fault === undefined) take(key, `env.${key}`, !plain.includes(key), value);
      else faults.push({ line, reason: `${key} ${fault}` });
    } else if ("left" in fate) left.push({ key, why: fate.left });
    else {
      const { kind, secret = false }: { kind: (typeof KEYS)[keyof typeof KEYS]["kind"]; secret?: boolean } =
        KEYS[fate.setting];
      const parsed = kind.safeParse(value);
      if (parsed.success) take(key, fate.setting, secret, value);
      else if (secret) left.push({ key, why: `should be ${expected(parsed.error)}: ${fate.setting} stays as it is` });
      else faults.push({ line, reason: `${key} should be ${expected(parsed.error)}` });
    }
  }
  return { taken, left, faults };
}

function fateOf(key: string, present: Present): Fate | undefined {
  const fate = Object.hasOwn(FATES, key) ? FATES[key as keyof typeof FATES] : undefined;
  if (fate === undefined || !("onlyWith" in fate)) return fate;
  return present[`${NAMESPACE}${fate.onlyWith}`]?.value === "true" ? fate : undefined;
}

/** Completes "should be ...", without the value. */
const expected = (error: { readonly issues: readonly { readonly message: string }[] }) =>
  error.issues[0]?.message ?? "another value";
