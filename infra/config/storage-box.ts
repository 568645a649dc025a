import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { ask } from "./api";
import { isOfProject, labelValue } from "./labels";
import { hasRecordedBox } from "./recorded";
import type { Settings } from "./schema";

const Boxes = z.object({
  storage_boxes: z.array(z.object({ id: z.number(), name: z.string(), labels: z.record(z.string(), z.string()) })),
});
export type Boxes = z.infer<typeof Boxes>["storage_boxes"];

type Wanted = Pick<Settings, "stack" | "project" | "server.name" | "backups.to">;

/**
 * Whether the stack has a Storage Box, which stays whatever is set: nothing that could be undone takes it away.
 *
 * @throws pulumi.RunError where one of this stack's is at Hetzner that its state doesn't know: a second would be paid for besides
 */
export async function planBox(wanted: Wanted): Promise<boolean> {
  const recorded = await hasRecordedBox();
  const isTarget = wanted["backups.to"] === "storage-box";
  if (recorded && !isTarget)
    void pulumi.log.warn(
      `backups.to: no backup goes to the stack's Storage Box any more; it stays, with the backups on it, and is paid for. To give it up for good: take away its protection and delete it in Hetzner's console, then: npx pulumi refresh --stack ${wanted.stack}`,
    );
  if (!recorded && isTarget) {
    const answer = await ask(`/storage_boxes?name=${encodeURIComponent(wanted["server.name"])}`);
    assertNone(wanted, Boxes.parse(answer ?? { storage_boxes: [] }).storage_boxes);
  }
  return recorded;
}

/** Nothing says that Hetzner refuses a second box of the same name. */
export function assertNone({ stack, project, "server.name": name }: Wanted, found: Boxes): void {
  const own = found.find(
    (box) => box.name === name && box.labels.stack === labelValue(stack) && isOfProject(box.labels, project),
  );
  if (own === undefined) return;
  throw new pulumi.RunError(
    `backups.to: a Storage Box ${name} (${own.id}) of a stack ${stack} is there already, and this state knows nothing of it: an up that was killed while it was made has left it, or a stack of the same name has its state elsewhere. A second one would be paid for besides. Nothing was changed.\n` +
      `  If an up was killed: nothing is on it. Take away its protection and delete it in Hetzner's console, then repeat.\n` +
      `  If there are backups on it: bring back the state that it belongs to, or set another server.name.`,
  );
}
