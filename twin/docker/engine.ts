import { existsSync } from "node:fs";
import Docker from "dockerode";
import { UserError } from "../../scripts/lib/errors";
import { engineUnavailable } from "../errors";

const SOCKET = "/var/run/docker.sock";
/** How long an engine may take to answer a ping: it either does at once or hangs. */
const PING_MS = 5_000;

/** The engine that DOCKER_HOST names, else the one of this machine. */
export function engine(): Docker {
  return process.env.DOCKER_HOST ? new Docker() : new Docker({ socketPath: SOCKET });
}

/** How the engine is reached, for messages. */
const engineAddress = () => process.env.DOCKER_HOST ?? `unix://${SOCKET}`;

/** undefined when the engine answers, else why it doesn't, in a few words. */
export async function unreachable(docker: Docker): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((settle) => {
    timer = setTimeout(() => settle(`no answer from ${engineAddress()} within ${PING_MS / 1000} s`), PING_MS);
  });
  const ping = docker.ping().then(
    () => undefined,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return `${error.message.split(" ").pop()} doesn't exist: no engine runs`;
      if (error.code === "EACCES") return `this user may not use ${engineAddress()} (group docker)`;
      if (error.code === "ECONNREFUSED") return `nobody listens at ${engineAddress()}: the engine is stopped`;
      return error.message;
    },
  );
  try {
    return await Promise.race([ping, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws `service_error` (503) when the engine doesn't answer. */
export async function requireEngine(docker: Docker): Promise<void> {
  const reason = await unreachable(docker);
  if (reason !== undefined) throw engineUnavailable(reason);
}

/** Whether an error of the engine is "no such thing", which removing something twice is. */
export const isMissing = (error: unknown) => (error as { statusCode?: number }).statusCode === 404;

/** Removes something that may be gone already. */
export async function unlessGone(removal: Promise<unknown>): Promise<void> {
  await removal.catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Ends a container and removes it, with its volumes. One that is gone, or that somebody else removes, is waited for until it is. */
export async function removeContainer(container: Docker.Container): Promise<void> {
  await unlessGone(
    container.remove({ force: true, v: true }).catch(async (error: unknown) => {
      // Two that remove it at once: the second one is refused while the first isn't through.
      if ((error as { statusCode?: number }).statusCode !== 409) throw error;
      await container.wait({ condition: "removed" });
    }),
  );
}

/**
 * Does what needs the engine.
 *
 * @throws UserError where the engine stopped meanwhile, or failed at it (its codes from 500 on, such as for a full disk)
 */
export async function withEngine<T>(docker: Docker, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    if (Number((error as { statusCode?: number }).statusCode) >= 500)
      throw new UserError(`Docker failed: ${(error as Error).message.trim()}; mend that and run this again`);
    const reason = await unreachable(docker);
    if (reason === undefined) throw error;
    throw new UserError(`Docker stopped answering: ${reason}; start it and run this again`);
  }
}

/** Whether the engine has an image of that name. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Whether an error of the engine is "it is so already". */
export const isUnchanged = (error: unknown) => (error as { statusCode?: number }).statusCode === 304;

/** Whether systemd manages this machine, so that it and not we start services. */
export const hasServiceManager = () => existsSync("/run/systemd/system");
