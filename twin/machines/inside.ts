import { once } from "node:events";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";

/**
 * Runs a program in a container, as root.
 *
 * @returns what it printed to stdout
 * @throws Error with what it said, where it ends with another code than 0
 */
export async function inside(container: Docker.Container, command: readonly string[]): Promise<string> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  container.modem.demuxStream(stream, stdout, stderr);
  const [said, complaint] = [text(stdout), text(stderr)];
  await once(stream, "end");
  stdout.end();
  stderr.end();
  const { ExitCode } = await exec.inspect();
  if (ExitCode === 0) return said;
  throw new Error((await complaint).trim().split("\n").at(-1) || `${command[0]} ended with ${ExitCode}`);
}
