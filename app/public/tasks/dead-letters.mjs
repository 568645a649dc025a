import { ask } from "/components/feed.mjs";
import { el } from "/components/parts.mjs";
import { when } from "/components/texts.mjs";
import { button, table } from "./table.mjs";

const API = "/api/dead-letters/";
const PAGE = 50;

/** Jobs that failed for good: retry or purge one or many, or settle one with a note. */
export function deadLetters(section, { mayChange, attempt }) {
  let offset = 0;
  const chosen = new Set();
  const settled = el("input", { type: "checkbox", onchange: () => turn(0) });
  const rows = el("div");
  const range = el("span", { class: "quiet", role: "status" });
  const many = [
    button("Retry selected", () => act(() => ask(`${API}retry/`, { method: "POST", body: { ids: [...chosen] } }))),
    button("Purge selected", () => act(() => ask(`${API}purge/`, { method: "POST", body: { ids: [...chosen] } })), {
      class: "danger",
    }),
  ];
  const before = button("‹", () => turn(offset - PAGE), { "aria-label": "Previous page" });
  const after = button("›", () => turn(offset + PAGE), { "aria-label": "Next page" });
  section.append(
    el(
      "div",
      { class: "bar-of-tools" },
      el("label", { class: "check" }, settled, " Settled ones"),
      ...(mayChange ? many : []),
    ),
    rows,
    el("div", { class: "bar-of-tools" }, range, before, after),
  );

  const refresh = () =>
    attempt(async () => {
      const query = new URLSearchParams({ limit: String(PAGE), offset: String(offset) });
      if (settled.checked) query.set("resolved", "true");
      const { letters, total } = await ask(`${API}?${query}`);
      chosen.clear();
      draw(letters, total);
    });
  const act = (work) => attempt(work).then(refresh);
  const turn = (to) => {
    offset = Math.max(0, to);
    return refresh();
  };

  function draw(letters, total) {
    const ids = letters.map(({ id }) => id);
    const boxes = ids.map((id) => box(`Select ${id}`, (checked) => choose(id, checked)));
    const all = box("Select all", (checked) => {
      for (const one of boxes) one.checked = checked;
      for (const id of ids) choose(id, checked);
    });
    const columns = [...(mayChange ? [all] : []), "Job", "Queue", "Reason", "Failed", ""];
    const cells = letters.map((letter, at) => [...(mayChange ? [boxes[at]] : []), ...row(letter)]);
    rows.replaceChildren(total === 0 ? el("p", { class: "quiet" }, "No dead letters.") : table(columns, cells));
    range.textContent = total === 0 ? "" : `${offset + 1}–${offset + letters.length} of ${total}`;
    before.disabled = offset === 0;
    after.disabled = offset + letters.length >= total;
    for (const one of many) one.disabled = true;
  }

  function choose(id, checked) {
    if (checked) chosen.add(id);
    else chosen.delete(id);
    for (const one of many) one.disabled = chosen.size === 0;
  }

  function row({ id, type, queue, reason, attempts, failedAt, resolution, resolvedAt }) {
    const url = `${API}${encodeURIComponent(id)}/`;
    const named = (what) => ({ "aria-label": `${what} ${type} ${id}` });
    const note = resolution
      ? [el("br"), el("span", { class: "quiet" }, `${when(section, resolvedAt)}: ${resolution}`)]
      : [];
    const actions = [
      button("Retry", () => act(() => ask(`${url}retry/`, { method: "POST" })), named("Retry")),
      ...(resolution ? [] : [button("Resolve", () => resolve(`${type} ${id}`, url), named("Resolve"))]),
      button("Purge", () => act(() => ask(url, { method: "DELETE" })), { ...named("Purge"), class: "danger" }),
    ];
    return [
      el("span", {}, el("strong", {}, type), el("br"), el("span", { class: "quiet id" }, id)),
      queue,
      el("span", {}, el("span", { class: "fault" }, reason), ...note),
      el(
        "span",
        {},
        when(section, failedAt),
        el("br"),
        el("span", { class: "quiet" }, `after ${attempts} ${attempts === 1 ? "run" : "runs"}`),
      ),
      el("span", { class: "actions" }, ...(mayChange ? actions : [])),
    ];
  }

  /** Asks for the note that says why a job needs no other run. */
  function resolve(name, url) {
    const note = el("textarea", { name: "note", required: true, maxLength: 2000, rows: 3 });
    const form = el(
      "form",
      { method: "dialog" },
      el("h2", {}, `Resolve ${name}`),
      el("label", {}, "What was done about it? ", note),
      el(
        "p",
        { class: "actions" },
        el("button", { type: "submit", class: "main" }, "Resolve"),
        button("Keep it", () => dialog.close()),
      ),
    );
    const dialog = el("dialog", { onclose: () => dialog.remove() }, form);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close();
      act(() => ask(`${url}resolve/`, { method: "POST", body: { note: note.value } }));
    });
    section.append(dialog);
    dialog.showModal();
  }

  refresh();
  return () => section.replaceChildren();
}

function box(label, onchange) {
  const input = el("input", { type: "checkbox", "aria-label": label });
  input.addEventListener("change", () => onchange(input.checked));
  return input;
}
