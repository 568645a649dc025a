import * as pulumi from "@pulumi/pulumi";
import { ask } from "../config/hetzner";
import { rememberRefusal } from "../config/refusals";

/**
 * What is done when Hetzner refuses a server, or another type for it, that its list still had a moment ago: says so, and lets
 * the next `up` try something else. The provider cuts a server's power before it asks for the other type, and leaves it off
 * when that is refused: it gets its power back.
 */
export function refusedOrder(name: string): pulumi.ErrorHook {
  return new pulumi.ErrorHook(name, async ({ id, failedOperation, newInputs, oldInputs, errors }) => {
    const { serverType: type, location } = { ...oldInputs, ...newInputs };
    const isResize = failedOperation === "update" && oldInputs?.serverType !== type;
    const isSoldOut = /resource_unavailable|placement_error/.test(errors[0] ?? "");
    if (isSoldOut && (failedOperation === "create" || isResize)) {
      rememberRefusal(pulumi.getStack(), type, location);
      pulumi.log.error(
        `Hetzner has no room for ${type} in ${location}, though its list says so. Run the same command again: it tries what comes next in server.type and server.location.`,
      );
    }
    if (isResize) await switchOn(id);
    return false;
  });
}

async function switchOn(id: string): Promise<void> {
  try {
    await ask(`/servers/${id}/actions/poweron`, "POST");
    pulumi.log.error("The server keeps its type, and was switched on again.");
  } catch (error) {
    pulumi.log.error(`The server keeps its type, and is switched off. ${(error as Error).message}`);
  }
}
