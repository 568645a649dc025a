import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { useTwin } from "./support/twin";

/** The version whose behaviour this test was written down from. */
const PACKAGE = "hcloud==2.27.0";

const folder = mkdtempSync(join(tmpdir(), "queuehost-hcloud-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Whether Python's package index let us have the official client. */
const installed = (() => {
  try {
    const pip = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--timeout",
      "5",
      "--retries",
      "1",
      "--target",
      folder,
    ];
    execFileSync("python3", [...pip, PACKAGE], { stdio: "ignore", timeout: 60_000 });
    return true;
  } catch {
    return false;
  }
})();

useTwin((twin) => {
  test.skipIf(!installed)(`the official Python client, ${PACKAGE}, finds nothing amiss`, async () => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(folder, "key")]);
    const key = execFileSync("cat", [join(folder, "key.pub")]).toString();
    const script = join(__dirname, "support/hcloud_client.py");
    await twin.sellOut({ server_type: "cpx22", location: "fsn1" });
    await twin.setZones("example.org");
    const output = execFileSync("python3", [script, twin.running.endpoint, twin.token, key], {
      env: { ...process.env, PYTHONPATH: folder },
      // A Storage Box, the first on a computer, has an image made for it.
      timeout: 150_000,
    });
    expect(JSON.parse(output.toString())).toEqual({
      key: true,
      types: 2,
      image: "13",
      locations: ["fsn1", "nbg1", "hel1", "ash", "hil", "sin"],
      rules: ["22"],
      server: ["off", "hel1", true],
      available: [true, true, false],
      "sold out": "resource_unavailable",
      resized: ["cx33", 40, "running"],
      protected: "protected",
      selected: [1, 0, 1, 0],
      taken: "uniqueness_error",
      "in use": "resource_in_use",
      renamed: "snake",
      pages: [20, 2, 31],
      records: ["www/A", 600, "198.18.0.10", 0],
      gone: true,
      left: [0, 0, 0],
      address: [true, "must_be_unassigned", "22-02"],
      "address left": ["kept"],
      box: ["active", "bx21", 10, true, true, [".ssh"], "protected"],
      "boxes left": 0,
      missing: "not_found",
      "not imitated": "not_implemented_by_twin",
    });
  });
});
