import { ask } from "/components/feed.mjs";
import { el, setText } from "/components/parts.mjs";
import { fieldsFor } from "./schema-form.mjs";

/** A form for each type of job, made from the API's own description. */
export function newTask(section, { attempt }) {
  const type = el("select", { name: "type", onchange: () => choose() });
  const queue = el("select", { name: "queue" }, el("option", { value: "" }, "as the type says"));
  const at = el("input", { type: "datetime-local", name: "at" });
  const description = el("p", { class: "quiet" });
  const payload = el("fieldset", {}, el("legend", {}, "Payload"));
  const started = el("div", { class: "stack" });
  let fields;
  let types = [];
  const form = el(
    "form",
    { class: "grid" },
    el("label", {}, "Type ", type),
    el("label", {}, "Queue ", queue),
    el("label", {}, "Not before ", at),
    description,
    payload,
    el("button", { type: "submit", class: "main" }, "Enqueue"),
  );
  section.append(form, started);

  function choose() {
    const chosen = types.find(({ name }) => name === type.value);
    if (!chosen) return;
    fields = fieldsFor(chosen.payload);
    setText(description, chosen.description ?? "");
    payload.replaceChildren(el("legend", {}, "Payload"), ...fields.elements);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const { id } = await ask("/api/tasks/", {
        method: "POST",
        body: {
          type: type.value,
          payload: fields.read(),
          ...(queue.value ? { queue: queue.value } : {}),
          ...(at.value ? { at: new Date(at.value).toISOString() } : {}),
        },
      });
      started.prepend(el("task-progress", { "task-id": id, "show-cancel": "" }));
    });
  });

  attempt(async () => {
    const [document, { queues }] = await Promise.all([ask("/api/openapi.json"), ask("/api/queues/")]);
    types = typesIn(document);
    type.append(...types.map(({ name }) => el("option", { value: name }, name)));
    queue.append(...queues.map(({ name }) => el("option", { value: name }, name)));
    choose();
  });
  return () => section.replaceChildren();
}

/** The variants of what may be sent to enqueue: each names its type, and its payload's schema. */
function typesIn({ paths }) {
  const { schema } = (paths["/api/tasks"] ?? paths["/api/tasks/"]).post.requestBody.content["application/json"];
  return schema.oneOf.map(({ description, properties }) => ({
    name: properties.type.const ?? properties.type.enum[0],
    description,
    payload: properties.payload,
  }));
}
