/** What tests look at from within the page: an init script, so that it is there before the components. */

globalThis.heard = [];
for (const type of ["task-completed", "task-cancelled", "task-failed"]) {
  document.addEventListener(type, ({ detail }) => globalThis.heard.push(`${type} ${detail.id}`));
}

const within = (selector) => document.querySelector("task-list").shadowRoot.querySelector(selector);

/** The tasks whose rows were touched in so many rounds of changes, of which the list asks for one. */
globalThis.touchedIn = (rounds) =>
  new Promise((resolve) => {
    const seen = new Set();
    let left = rounds;
    new MutationObserver((records) => {
      for (const { type, target, attributeName, oldValue } of records) {
        // Setting what is set already makes a record, but no work.
        if (type === "attributes" && target.getAttribute(attributeName) === oldValue) continue;
        const element = target instanceof Element ? target : target.parentElement;
        seen.add(element?.closest("tr")?.querySelector(".name").title ?? "the table");
      }
      left -= 1;
      if (left === 0) resolve([...seen]);
    }).observe(within("tbody"), { subtree: true, childList: true, characterData: true, attributeOldValue: true });
    document.querySelector("task-list").refresh();
  });

globalThis.looks = () => ({
  width: document.documentElement.scrollWidth,
  moves: getComputedStyle(within(".bar > div")).transitionDuration,
  button: getComputedStyle(within("button")).backgroundColor,
});
