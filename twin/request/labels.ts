import { type FieldError, invalidInput } from "../errors";
import type { Labels } from "../state";

const PART = "[a-zA-Z0-9](?:[a-zA-Z0-9._-]{0,61}[a-zA-Z0-9])?";
const KEY = new RegExp(`^(?:${PART}(?:\\.${PART})*/)?${PART}$`);
const VALUE = new RegExp(`^(?:${PART})?$`);

/** Faults of a label map by Hetzner's rules: keys with an optional DNS prefix, values of up to 63 characters or empty. */
export function labelFaults(labels: Labels): FieldError[] {
  const messages = Object.entries(labels).flatMap(([key, value]) => [
    ...(KEY.test(key) ? [] : [`label key '${key}' is not correctly formatted`]),
    ...(VALUE.test(value) ? [] : [`label value '${value}' (of ${key}) is not correctly formatted`]),
  ]);
  return messages.length > 0 ? [{ name: "labels", messages }] : [];
}

type Matcher = (labels: Labels) => boolean;

/** Splits at commas that aren't inside the parentheses of `in (a,b)`. */
const terms = (selector: string) => selector.split(/,(?![^(]*\))/).map((term) => term.trim());

function term(text: string): Matcher | undefined {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(text);
  if (set) {
    const [, key = "", operator, list = ""] = set;
    const values = list.split(",").map((value) => value.trim());
    if (!KEY.test(key) || !values.every((value) => VALUE.test(value))) return undefined;
    return (labels) => (labels[key] !== undefined && values.includes(labels[key])) === (operator === "in");
  }
  const equal = /^([^=!\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(text);
  if (equal) {
    const [, key = "", operator, value = ""] = equal;
    if (!KEY.test(key) || !VALUE.test(value)) return undefined;
    return (labels) => (labels[key] === value) === (operator !== "!=");
  }
  const absent = text.startsWith("!");
  const key = absent ? text.slice(1).trim() : text;
  return KEY.test(key) ? (labels) => Object.hasOwn(labels, key) !== absent : undefined;
}

/**
 * The test that a label selector stands for: `k`, `!k`, `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, joined by
 * commas, all of which must hold. Anything else is `invalid_input`.
 */
export function labelSelector(selector: string, field = "label_selector"): Matcher {
  const matchers = terms(selector).map(term);
  if (matchers.some((matcher) => matcher === undefined)) {
    throw invalidInput([{ name: field, messages: [`label selector '${selector}' is not correctly formatted`] }]);
  }
  return (labels) => matchers.every((matcher) => matcher?.(labels));
}
