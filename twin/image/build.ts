import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { lock } from "proper-lockfile";
import { pack } from "tar-stream";
import { UserError } from "../../scripts/lib/errors";
import { hasImage, removeContainer } from "../docker/engine";
import { type Report, withElapsed } from "../report";
import { base } from "./base";
import { boxRecipe, type Recipe, recipe } from "./recipe";

/** Where the recipe lies while it is followed; setup.sh removes it. */
const FOLDER = "root/queuehost-image";

/** What is followed: files with a setup.sh among them, and the name of what comes out of it. */
type Followed = Pick<Recipe, "files" | "tag">;

/** What it is made on top of, and whether that is ours to remove afterwards. */
type Base = () => Promise<{ readonly name: string; readonly own: boolean }>;

function archive({ files }: Followed): NodeJS.ReadableStream {
  const tar = pack();
  for (const [path, content] of Object.entries(files)) tar.entry({ name: `${FOLDER}/${path}`, mode: 0o755 }, content);
  tar.finalize();
  return tar as unknown as NodeJS.ReadableStream;
}

/** Runs setup.sh on top of the base and keeps the result; what an interrupted run left behind goes first. */
async function build(docker: Docker, made: Followed, on: Base): Promise<void> {
  const name = made.tag.replace(":", "-build-");
  const remove = () => removeContainer(docker.getContainer(name));
  await remove();
  const from = await on();
  const container = await docker.createContainer({
    name,
    Image: from.name,
    Cmd: ["/bin/sh", `/${FOLDER}/setup.sh`],
    Tty: true,
    Labels: { "queuehost.image": "1" },
  });
  try {
    await container.putArchive(archive(made), { path: "/" });
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    if (StatusCode !== 0) {
      const said = (await container.logs({ stdout: true, stderr: true, tail: 5 })).toString("utf8").trim();
      throw new UserError(
        `${made.tag} could not be made (exit code ${StatusCode}): ${said.replaceAll(/\s*\n\s*/g, " / ")}`,
      );
    }
    const [repo, tag] = made.tag.split(":");
    await container.commit({ repo, tag, changes: "CMD []" });
  } finally {
    await remove();
    if (from.own)
      await docker
        .getImage(from.name)
        .remove({ force: true })
        .catch(() => undefined);
  }
}

/** Waits until nobody else makes this image; the lock of one that was killed counts for 20 seconds. */
async function alone(lockfilePath: string, folder: string, what: string, report: Report): Promise<() => Promise<void>> {
  const options = { lockfilePath, stale: 20_000 };
  try {
    return await lock(folder, options);
  } catch (error) {
    if ((error as { code?: string }).code !== "ELOCKED") throw error;
  }
  const retries = { forever: true, minTimeout: 500, maxTimeout: 1_000 };
  return withElapsed(report, `waiting for another process that makes ${what}`, () =>
    lock(folder, { ...options, retries }),
  );
}

/** The image of a recipe, made when there is none yet. Two clones that want it at the same time share one build. */
async function ensure(docker: Docker, made: Followed, on: Base, what: string, report: Report): Promise<string> {
  if (await hasImage(docker, made.tag)) return made.tag;
  const folder = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "queuehost");
  mkdirSync(folder, { recursive: true });
  const release = await alone(join(folder, `${made.tag.replace(":", "-")}.lock`), folder, what, report);
  try {
    if (!(await hasImage(docker, made.tag))) {
      await withElapsed(report, `making ${what} (once on this computer)`, () => build(docker, made, on));
    }
  } finally {
    await release();
  }
  return made.tag;
}

/**
 * The image of the twin's machines: about two minutes, once on a computer.
 * @returns its name
 */
export async function ensureImage(docker: Docker, report: Report): Promise<string> {
  const made = await recipe();
  return ensure(docker, made, () => base(docker, made, report), "the machines' image (Debian 13)", report);
}

/**
 * The image of the twin's Storage Boxes: some twenty seconds, once on a computer.
 * @param machines the machines' image, which it is made on top of
 * @returns its name
 */
export function ensureBoxImage(docker: Docker, machines: string, report: Report): Promise<string> {
  const on = async () => ({ name: machines, own: false });
  return ensure(docker, boxRecipe(machines), on, "the image of Storage Boxes", report);
}
