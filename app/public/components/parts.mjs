/** What the components draw with: the style sheet, elements, a bar, a badge. Data only ever becomes text. */

export const sheet = new CSSStyleSheet();
// A sheet made by a script stands above a page's `style-src 'self'`; a <style> element doesn't.
sheet.replaceSync(`
:host {
  --accent: var(--task-accent, light-dark(#2457c5, #8ab0ff));
  --good: var(--task-good, light-dark(#1b7a43, #6fd39a));
  --bad: var(--task-bad, light-dark(#b3261e, #ff9d94));
  --line: var(--task-line, light-dark(#d9dde5, #373d49));
  --quiet: var(--task-quiet, light-dark(#5a6372, #a3acbb));
  --raised: var(--task-raised, light-dark(#fff, #1c2027));
  display: block;
  container-type: inline-size;
  font: inherit;
  line-height: 1.4;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
button, select {
  font: inherit;
  font-size: 0.875em;
  padding: 0.3em 0.75em;
  border: 1px solid var(--line);
  border-radius: 0.45em;
  background: var(--raised);
  color: inherit;
}
button { cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--accent); }
button:disabled { opacity: 0.5; cursor: default; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.quiet { color: var(--quiet); font-size: 0.875em; }
.fault { color: var(--bad); overflow-wrap: anywhere; }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.badge {
  display: inline-block;
  padding: 0.05em 0.6em;
  border-radius: 1em;
  font-size: 0.8125em;
  white-space: nowrap;
  color: var(--tone, var(--quiet));
  background: color-mix(in srgb, var(--tone, var(--quiet)) 14%, transparent);
}
[data-status="active"] { --tone: var(--accent); }
[data-status="completed"] { --tone: var(--good); }
[data-status="failed"] { --tone: var(--bad); }
.bar {
  height: 0.45em;
  min-width: 4em;
  border-radius: 1em;
  overflow: hidden;
  background: color-mix(in srgb, var(--quiet) 22%, transparent);
}
.bar > div {
  height: 100%;
  border-radius: inherit;
  background: var(--tone, var(--quiet));
  transform-origin: left;
  transition: transform 0.25s ease-out;
}
@media (prefers-reduced-motion: reduce) { .bar > div { transition: none; } }
@media (forced-colors: active) { .bar { border: 1px solid; } .bar > div { background: Highlight; } }
`);

/** An element with properties and children; `class` and names with a dash become attributes. */
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class" || name === "role" || name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Sets text only where it changed: a live region says it again otherwise, and the page is laid out anew. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A progress bar for people and for what reads to them. */
export function bar() {
  const fill = el("div");
  const element = el("div", { class: "bar", role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100" }, fill);
  return {
    element,
    set({ status, progress }, name) {
      const percent = status === "completed" ? 100 : Math.min(100, Math.max(0, Math.round(progress ?? 0)));
      if (element.dataset.status !== status) element.dataset.status = status;
      if (element.getAttribute("aria-valuenow") === String(percent) && element.ariaLabel === name) return percent;
      element.setAttribute("aria-valuenow", String(percent));
      element.setAttribute("aria-label", name);
      fill.style.transform = `scaleX(${percent / 100})`;
      return percent;
    },
  };
}

export function badge() {
  const element = el("span", { class: "badge" });
  return {
    element,
    set(status, text) {
      element.dataset.status = status;
      setText(element, text);
    },
  };
}

/** Attributes as properties too (`created-at` as createdAt), as frameworks and scripts set them; flags are true or false. */
export function reflect(component, attributes, flags) {
  for (const attribute of attributes) {
    const isFlag = flags.includes(attribute);
    const property = attribute.replace(/-(.)/g, (_, letter) => letter.toUpperCase());
    Object.defineProperty(component.prototype, property, {
      get() {
        return isFlag ? this.hasAttribute(attribute) : (this.getAttribute(attribute) ?? "");
      },
      set(value) {
        if (isFlag) this.toggleAttribute(attribute, Boolean(value));
        else if (value === undefined || value === null) this.removeAttribute(attribute);
        else this.setAttribute(attribute, String(value));
      },
    });
  }
}

/**
 * Gives a select its options, [value, text] each, after an empty value with the text `all`. What is chosen stands there even where
 * it is none of them, such as several statuses.
 */
export function fill(select, chosen, all, entries) {
  const known = chosen === "" || entries.some(([value]) => value === chosen);
  const options = [["", all], ...entries, ...(known ? [] : [[chosen, chosen]])];
  select.replaceChildren(...options.map(([value, text]) => el("option", { value, selected: value === chosen }, text)));
}
