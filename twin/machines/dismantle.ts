import type Docker from "dockerode";
import { hasImage, removeContainer, unlessGone } from "../docker/engine";
import { renderRemoval } from "../firewall";
import { MACHINE_IMAGE } from "../image/recipe";
import type { Report } from "../report";
import { onHostNetwork } from "./helper";
import type { Names } from "./names";

/**
 * Takes away everything that a twin has put into Docker and the kernel.
 *
 * @param image that of the running twin; without it any machine image that is here does, as none is made for this
 * @param report hears of the rules, where there is no image with which they could be removed
 */
export async function dismantle(
  docker: Docker,
  names: Names,
  image: string | undefined,
  report: Report,
): Promise<void> {
  const left = await docker.listContainers({ all: true, filters: { label: [names.label] } });
  const tool = await present(docker, [image, ...left.map(({ Image }) => Image)]);
  await Promise.all(left.map(({ Id }) => removeContainer(docker.getContainer(Id))));
  if (tool !== undefined)
    await onHostNetwork(docker, tool, names.label, `printf '%s' "$INPUT" | nft -f -`, renderRemoval(names.table));
  else
    report(
      `Docker has no machine image any more, without which the twin's firewall rules can't be removed. They concern its own bridge alone and end with the next start of this computer, or with: sudo nft delete table inet ${names.table}`,
    );
  await unlessGone(docker.getNetwork(names.network).remove());
}

/** The first of the images that Docker has, else its newest machine image of any recipe. */
async function present(docker: Docker, wanted: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const name of wanted) if (name !== undefined && (await hasImage(docker, name))) return name;
  const images = await docker.listImages({ filters: { reference: [MACHINE_IMAGE] } });
  return images.sort((a, b) => b.Created - a.Created)[0]?.Id;
}
