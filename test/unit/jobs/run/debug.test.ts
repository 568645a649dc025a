import { afterEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { debug } from "../../../../app/jobs/log";
import type { JobDefinition } from "../../../../app/jobs/table/types";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

it.each([
  ["queuehost:*", true],
  ["bull:*", true],
  ["other, bull:run", true],
  ["*", true],
  ["queuehost:other", false],
  ["", false],
])("details are written to stderr where DEBUG=%s asks for them: %s", (DEBUG, wanted) => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.stubEnv("DEBUG", DEBUG);
  const detail = vi.fn(() => "a detail");
  debug("run")(detail);
  expect(write.mock.calls).toEqual(wanted ? [["queuehost:run a detail\n"]] : []);
  // Whoever doesn't ask doesn't pay.
  expect(detail).toHaveBeenCalledTimes(wanted ? 1 : 0);
});

it("a tracked job's details are that it is taken, where it is and how its end is noted", async () => {
  vi.stubEnv("DEBUG", "bull:*");
  // Who asks is read when the modules are loaded.
  vi.resetModules();
  const { newJob, newTask, taken, World } = await import("./support/world.js");
  const { defineJob } = await import("../../../../app/jobs/table/define-job.js");
  const run: JobDefinition["run"] = async (_, { progress }) => await progress(40);
  const world = new World([defineJob({ name: "probe", queue: "work", description: "", payload: z.object({}), run })]);
  const store = await world.store();
  const job = newJob("probe");
  await store.insert(newTask(job));
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  await world.executor(store).run(taken(job));
  const said = write.mock.calls.map(([line]) => line);
  await world.close();
  expect(said).toEqual(
    [`taken from work, run 1 of 3`, "at 40 %", "noted as completed"].map(
      (what) => `queuehost:run probe ${job.id} ${what}\n`,
    ),
  );
});
