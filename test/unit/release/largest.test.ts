import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { largestFiles, packArtefact } from "../../../infra/release/artefact";

test("the largest files of an artefact, for the one who has to make it smaller", async () => {
  const folder = mkdtempSync(join(tmpdir(), "queuehost-largest-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const sizes = { "a.js": 10, "video.mp4": 5000, "b.js": 300, "empty.txt": 0 };
  for (const [path, size] of Object.entries(sizes)) writeFileSync(join(folder, path), Buffer.alloc(size));
  const entries = Object.entries(sizes).map(([path, size]) => ({ path, size, executable: false }));
  const { file } = await packArtefact(folder, entries, folder);
  expect(await largestFiles(file, 2)).toEqual([
    { path: "video.mp4", size: 5000 },
    { path: "b.js", size: 300 },
  ]);
});
