import { afterEach, expect, test, vi } from "vitest";
import { ReleaseError } from "../../../infra/release";
import { EMPTY_LOCK, Project } from "./support/project";

// Each builds for real, some several times.
vi.setConfig({ testTimeout: 90_000 });

const project = new Project();
afterEach(() => {
  vi.unstubAllEnvs();
  project.remove();
});

test("native code that the server couldn't load is named where Docker could help and isn't there", async () => {
  vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
  project.write("package.json", { name: "demo" }).write("package-lock.json", EMPTY_LOCK).write("addon.node", "mach-o");
  const fault = await project.fault();
  expect(fault).toMatch(
    /^<root>: has to be built in a container of the server's release, because of addon.node is made for another system than Linux; Docker isn't to be had here. Install and start it, then run this again:\n/,
  );
  await expect(project.build({}, { container: true })).rejects.toThrow(ReleaseError);
});
