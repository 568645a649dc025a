import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitFor } from "../../../support/wait-for";

const processes = join(__dirname, "../../../../app/dev/processes.ts");

test("a group ends with the process that started it, however that ends", async () => {
  const script = `const { ProcessGroup } = require(${JSON.stringify(processes)});
    new ProcessGroup("/bin/sh", ["-c", "echo $$; sleep 600; true"], {});`;
  const parent = spawn(process.execPath, ["--import", "tsx", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = await once(parent.stdout, "data");
  const group = Number(said);
  expect(process.kill(-group, 0)).toBe(true);
  parent.kill("SIGKILL");
  const isGone = () => {
    try {
      process.kill(-group, 0);
      return undefined;
    } catch {
      return true;
    }
  };
  await waitFor("the group has ended", isGone).catch((error: unknown) => {
    process.kill(-group, "SIGKILL");
    throw error;
  });
});
