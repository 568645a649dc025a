import { expect, test } from "vitest";
import { unnamedWorkers } from "../../../../scripts/init/entries";
import type { App } from "../../../../scripts/init/finding";
import { Imports } from "../../../../scripts/init/imports";

/** Files without a disk, and how often their texts were read. */
function application(texts: Readonly<Record<string, string>>): { app: App; reads: () => number } {
  let reads = 0;
  const files = Object.entries(texts).map(([path, text]) => ({
    path,
    get text() {
      reads++;
      return text;
    },
  }));
  return { app: { files, manifest: {}, read: () => "" } as unknown as App, reads: () => reads };
}

test.each([
  ["./b", "b.ts"],
  ["./b.js", "b.ts"],
  ["./c", "c/index.js"],
  [".", "index.cjs"],
  ["./gone", undefined],
])("%s is %s", (target, file) => {
  const texts = { "a.ts": `import "${target}";`, "b.ts": "", "c/index.js": "", "index.cjs": "" };
  const imports = new Imports(application(texts).app);
  expect([...imports.reachedFrom("a.ts")]).toEqual(["a.ts", ...(file === undefined ? [] : [file])]);
});

test("finds what begins a worker above files that import each other in a circle", () => {
  const imports = new Imports(
    application({
      "main.js": 'require("./a")',
      "a.js": 'require("./b")',
      "b.js": 'require("./a"); require("./mail")',
      "mail.js": 'require("./b")',
    }).app,
  );
  expect(imports.entriesOf(["mail.js"])).toEqual(["main.js"]);
});

test("reads each file a few times, however many import each other", () => {
  const count = 200;
  const others = (at: number) => [1, 2, 3].map((step) => `require("./f${(at + step) % count}");`).join("");
  const worker = 'require("bullmq"); new Worker("mail", run);';
  const { app, reads } = application({
    "main.js": 'require("./f0")',
    ...Object.fromEntries(Array.from({ length: count }, (_, at) => [`f${at}.js`, others(at) + worker])),
  });
  expect(unnamedWorkers(app, new Imports(app), [])).toEqual([expect.objectContaining({ command: "node main.js" })]);
  expect(reads()).toBeLessThanOrEqual(4 * (count + 1));
});
