import { spawn } from "node:child_process";
import type Docker from "dockerode";
import { UserError } from "../../scripts/lib/errors";
import { installPackages, onPath } from "../../scripts/lib/packages";
import { hasImage } from "../docker/engine";
import type { Report } from "../report";
import type { Recipe } from "./recipe";
import { renderOneLine } from "./sources";

const OFFICIAL = "debian:13";

/** How long a registry may take to answer before it counts as out of reach; where it is blocked, it doesn't answer at all. */
const FIRST_ANSWER_MS = 8_000;

/** How long a download that has begun may stand still. */
const STALL_MS = 60_000;

/** Pulls the official image of Debian. Rejects when the registry doesn't answer, or stops answering. */
async function pull(docker: Docker): Promise<void> {
  await new Promise<void>((settle, fail) => {
    const silent = () => fail(new Error("the registry doesn't answer"));
    let timer = setTimeout(silent, FIRST_ANSWER_MS);
    const end = (error?: Error | null) => {
      clearTimeout(timer);
      if (error) fail(error);
      else settle();
    };
    const progress = () => {
      clearTimeout(timer);
      timer = setTimeout(silent, STALL_MS);
    };
    docker.pull(OFFICIAL).then((stream) => docker.modem.followProgress(stream, end, progress), end);
  });
}

/** Makes a minimal Debian 13 with mmdebstrap and gives it to Docker under `name`. */
async function bootstrap(docker: Docker, recipe: Recipe, name: string, report: Report): Promise<void> {
  if (!onPath("mmdebstrap")) await installPackages(["mmdebstrap", "debian-archive-keyring"], report);
  const [repo = "", tag = ""] = name.split(":");
  const child = spawn("mmdebstrap", ["--variant=minbase", "--quiet", "trixie", "-", ...(recipe.mirror ? ["-"] : [])], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const said: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
  child.stdin.end(recipe.mirror ? renderOneLine(recipe.mirror) : "");
  const ended = new Promise<void>((settle, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      const last = Buffer.concat(said).toString("utf8").trim().split("\n").slice(-3).join(" / ");
      if (code === 0) settle();
      else fail(new UserError(`mmdebstrap could not make a Debian 13 (exit code ${code}): ${last}`));
    });
  });
  // A stopped mmdebstrap ends its output early; its own reason is the better one.
  const imported = docker.importImage(child.stdout, { repo, tag }).then((stream) => drain(stream));
  await Promise.all([ended, imported.catch(async (error: unknown) => ended.then(() => Promise.reject(error)))]);
}

const drain = (stream: NodeJS.ReadableStream) =>
  new Promise<void>((settle, fail) => {
    stream.on("error", fail).on("end", settle).resume();
  });

/**
 * A plain Debian 13: the official image where the registry can be reached, else made from Debian's packages.
 * @returns the image's name, and whether it is ours to remove afterwards
 */
export async function base(docker: Docker, recipe: Recipe, report: Report): Promise<{ name: string; own: boolean }> {
  try {
    if (!(await hasImage(docker, OFFICIAL))) await pull(docker);
    return { name: OFFICIAL, own: false };
  } catch {
    report(`the image ${OFFICIAL} can't be pulled here; making it from Debian's packages`);
  }
  const name = recipe.tag.replace(":", "-base:");
  await bootstrap(docker, recipe, name, report);
  return { name, own: true };
}
