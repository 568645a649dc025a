import type Docker from "dockerode";
import { UserError } from "../../scripts/lib/errors";
import { removeContainer } from "../docker/engine";

/**
 * Runs a shell script once in the host's network namespace, in a container that holds NET_ADMIN and nothing else: the one
 * way for root and for a user who may only use Docker. `input` is there as the variable INPUT. Throws what it said when it
 * ends with another code than 0.
 */
export async function onHostNetwork(
  docker: Docker,
  image: string,
  label: string,
  script: string,
  input: string,
): Promise<string> {
  const [key = "", value = ""] = label.split("=");
  const container = await docker.createContainer({
    Image: image,
    Cmd: ["/bin/sh", "-euc", script],
    Env: [`INPUT=${input}`],
    Labels: { [key]: value, "queuehost.helper": "1" },
    Tty: true,
    NetworkDisabled: false,
    HostConfig: { NetworkMode: "host", CapDrop: ["ALL"], CapAdd: ["NET_ADMIN"] },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const said = (await container.logs({ stdout: true, stderr: true })).toString("utf8").trim();
    if (StatusCode !== 0)
      throw new UserError(`the host's network refused the twin's rules: ${said || `exit code ${StatusCode}`}`);
    return said;
  } finally {
    await removeContainer(container);
  }
}
