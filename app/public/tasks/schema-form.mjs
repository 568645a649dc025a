import { el } from "/components/parts.mjs";

const INPUTS = { date: "date", email: "email", uri: "url" };

/**
 * Fields for an object of a JSON schema, or for one of several. What no simple field can hold (objects, lists, alternatives) is
 * written as JSON. The server has the last word: this only saves typing.
 *
 * @returns elements, and what reads them; `read` throws where a field's JSON can't be read
 */
export function fieldsFor(schema) {
  const alternatives = schema.oneOf ?? schema.anyOf;
  return alternatives ? oneOf(alternatives) : objectOf(schema);
}

function oneOf(alternatives) {
  const forms = alternatives.map(objectOf);
  const parts = forms.map(({ elements }) => el("div", { class: "fields" }, ...elements));
  const options = alternatives.map((schema, at) => el("option", { value: at }, nameOf(schema, at)));
  const select = el("select", {}, ...options);
  const show = () => {
    // What isn't shown isn't required either.
    for (const [at, part] of parts.entries()) if (at === select.selectedIndex) shown.replaceChildren(part);
  };
  const shown = el("div", { class: "wide" });
  select.addEventListener("change", show);
  show();
  return { elements: [el("label", {}, "Form ", select), shown], read: () => forms[select.selectedIndex].read() };
}

/** By what tells it from the others: its fields that can have one value only. */
function nameOf({ title, properties = {} }, at) {
  const fixed = Object.values(properties).flatMap(({ const: only, enum: values }) =>
    only !== undefined ? [only] : values?.length === 1 ? values : [],
  );
  return title ?? (fixed.join(", ") || String(at + 1));
}

function objectOf(schema) {
  const required = new Set(schema.required ?? []);
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    ...field(name, property, required.has(name) && property.default === undefined),
  }));
  return {
    elements: fields.map(({ element }) => element),
    read() {
      const values = fields.map(({ name, read }) => [name, read()]);
      return Object.fromEntries(values.filter(([, value]) => value !== undefined));
    },
  };
}

function field(name, schema, required) {
  const label = (input) =>
    el("label", { title: schema.description ?? "" }, `${name}${required ? "" : " (optional)"} `, input);
  if (Array.isArray(schema.enum)) return choice(label, schema.enum, required, schema.default);
  if (schema.type === "boolean") {
    const input = el("input", { type: "checkbox", checked: schema.default === true });
    return { element: el("label", { class: "check" }, input, ` ${name}`), read: () => input.checked };
  }
  if (schema.type === "number" || schema.type === "integer") return number(label, schema, required);
  if (schema.type === "string") return text(label, schema, required);
  return json(label, name, schema, required);
}

function choice(label, values, required, chosen) {
  const options = [...(required ? [] : [""]), ...values].map((value) =>
    el("option", { value: String(value), selected: value === chosen }, String(value)),
  );
  const select = el("select", {}, ...options);
  return { element: label(select), read: () => values.find((value) => String(value) === select.value) };
}

function number(label, schema, required) {
  const input = el("input", { type: "number", required, step: schema.type === "integer" ? "1" : "any" });
  if (schema.minimum !== undefined) input.min = schema.minimum;
  if (schema.maximum !== undefined) input.max = schema.maximum;
  if (schema.default !== undefined) input.value = schema.default;
  return { element: label(input), read: () => (input.value === "" ? undefined : Number(input.value)) };
}

function text(label, schema, required) {
  const isMoment = schema.format === "date-time";
  const input = el("input", { type: isMoment ? "datetime-local" : (INPUTS[schema.format] ?? "text"), required });
  if (schema.maxLength !== undefined) input.maxLength = schema.maxLength;
  if (schema.default !== undefined) input.value = schema.default;
  const read = () => (isMoment ? new Date(input.value).toISOString() : input.value);
  return { element: label(input), read: () => (input.value === "" ? undefined : read()) };
}

function json(label, name, schema, required) {
  const input = el("textarea", { rows: 3, required, spellcheck: false });
  input.value = required ? JSON.stringify(schema.default ?? (schema.type === "array" ? [] : {})) : "";
  const read = () => {
    try {
      return JSON.parse(input.value);
    } catch (error) {
      throw new Error(`${name}: should be JSON (${error.message})`);
    }
  };
  return { element: label(input), read: () => (input.value.trim() === "" ? undefined : read()) };
}
