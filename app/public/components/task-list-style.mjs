export const listSheet = new CSSStyleSheet();
listSheet.replaceSync(`
header, footer { display: flex; flex-wrap: wrap; gap: 0.6em 0.9em; align-items: center; }
header { margin-bottom: 0.75em; }
h2 { margin: 0; font-size: 1.15em; }
label { font-size: 0.875em; color: var(--quiet); }
header > button { margin-left: auto; }
footer { margin-top: 0.75em; min-height: 2em; justify-content: space-between; }
.pages { display: flex; gap: 0.4em; }
.live::before {
  content: ""; display: inline-block; width: 0.6em; height: 0.6em; margin-right: 0.4em; border-radius: 50%; background: var(--quiet);
}
.live[data-live="true"]::before { background: var(--good); }
table { width: 100%; border-collapse: collapse; table-layout: fixed; }
th { text-align: left; font-weight: 500; font-size: 0.8125em; color: var(--quiet); }
th, td { padding: 0.55em 0.6em; border-bottom: 1px solid var(--line); vertical-align: middle; }
th:nth-child(1) { width: 34%; }
th:nth-child(2) { width: 13%; }
th:nth-child(3) { width: 8.5em; }
th:nth-child(5) { width: 11em; }
th:nth-child(6) { width: 10em; }
.name { display: block; font-weight: 600; overflow-wrap: anywhere; }
.detail { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.detail.fault { white-space: normal; }
.queue { overflow-wrap: anywhere; }
.progress { white-space: nowrap; }
.progress > .bar { display: inline-block; width: calc(100% - 4em); margin-right: 0.5em; vertical-align: middle; }
.actions { text-align: right; }
@container (max-width: 60rem) {
  table, tbody { display: block; }
  thead { position: absolute; clip-path: inset(50%); height: 1px; overflow: hidden; }
  tr { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0.3em 0.8em; padding: 0.75em 0; border-bottom: 1px solid var(--line); }
  thead tr { padding: 0; }
  td { border: 0; padding: 0; }
  .status { grid-area: 1 / 2; text-align: right; }
  .queue { grid-area: 2 / 1; font-size: 0.875em; color: var(--quiet); }
  .created { grid-area: 2 / 2; text-align: right; }
  .progress { grid-area: 3 / 1 / auto / -1; }
  .actions { grid-area: 4 / 1 / auto / -1; text-align: left; }
  .actions:not(:has(button:not([hidden]))) { display: none; }
  button, select { padding: 0.5em 0.9em; }
}
`);
