import { resolve } from "node:path";
import { RunError } from "@pulumi/pulumi";
import { z } from "zod";
import { prepareRelease } from "../../infra/components/release";
import { ask, ExistingServer, HETZNER, HetznerError } from "../../infra/config/hetzner";
import { settingsOf } from "../environment/wanted";
import { UserError } from "../lib/errors";
import { PROJECT } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import type { ReleaseServer } from "./server";
import { type Source, sourceOf } from "./source";

/** A release that was built and is to be sent. */
export interface BuiltRelease {
  readonly id: string;
  /** Bytes that travel. */
  readonly size: number;
  readonly source?: Source;
}

const Answer = z.object({ server: ExistingServer });

/**
 * Builds the application as the Pulumi program does, which then finds it built.
 *
 * @returns undefined where Hetzner has no such server any more: the program says what that means
 * @throws UserError for a configuration with faults and an application that can't be built
 */
export async function buildFor(pulumi: Pulumi, { subject }: ReleaseServer): Promise<BuiltRelease | undefined> {
  const [configured, endpoint, token] = await Promise.all([
    settingsOf(pulumi),
    pulumi.config("hcloud:endpoint"),
    pulumi.config("hcloud:token"),
  ]);
  const settings = { ...configured, "app.release": undefined };
  const access = {
    endpoint: endpoint ?? process.env.HCLOUD_ENDPOINT ?? HETZNER,
    token: token ?? process.env.HCLOUD_TOKEN,
    stack: pulumi.stack,
  };
  try {
    const answer = await ask(access, `/servers/${subject.serverId}`);
    if (answer === undefined) return undefined;
    const { server_type: type, location } = Answer.parse(answer).server;
    const offer = {
      type: type.name,
      location: location.name,
      architecture: type.architecture === "arm" ? ("arm64" as const) : ("x64" as const),
      isOrder: false,
    };
    const { built } = await prepareRelease(settings, offer, PROJECT);
    const source = await sourceOf(resolve(PROJECT, settings["app.path"]));
    return { id: built.id, size: built.size, ...(source && { source }) };
  } catch (error) {
    if (error instanceof HetznerError || error instanceof RunError) throw new UserError(error.message);
    throw error;
  }
}
