import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { onTestFinished } from "vitest";
import { waitFor } from "./wait-for";

/** The id of a process that has ended and whose parent never asks how; it stays listed until the test is over. Linux only. */
export async function makeZombie(): Promise<number> {
  const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 60"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = await once(parent.stdout, "data");
  const pid = Number(line);
  await waitFor("the process to end", () => /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8")));
  return pid;
}
