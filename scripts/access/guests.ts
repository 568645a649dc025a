import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { defaultServerName, isOfProject, type Labels, labelValue } from "../../infra/config/labels";
import { configOf } from "../environment/config";
import { UserError } from "../lib/errors";
import { projectName } from "../lib/places";
import type { Pulumi } from "../lib/pulumi";
import { Anything, Api, Refused, WithActions, WithoutToken } from "./api";

/** Somebody whom the cloud lets in to port 22 for a while, beside the addresses of the configuration. */
export interface Guest {
  readonly firewallId: number;
  /** As a label's value can hold it. */
  readonly who: string;
  readonly ranges: readonly string[];
  readonly until: Date;
  /** The servers whose port it opens. */
  readonly servers: readonly number[];
}

const Firewall = z.object({
  id: z.number(),
  labels: z.record(z.string(), z.string()),
  rules: z.array(z.object({ source_ips: z.array(z.string()).default([]) })),
  applied_to: z.array(z.object({ type: z.string(), server: z.object({ id: z.number() }).nullish() })),
});
const Firewalls = z.object({ firewalls: z.array(Firewall) });
const Created = z.object({ firewall: Firewall }).and(WithActions);

/** How often a firewall is asked to go that the cloud is still taking off a server. */
const TRIES = 20;

/**
 * The guests of a stack. Each has a firewall of its own in the cloud: Pulumi's own firewall stays as the configuration says, and
 * an entry that nobody takes back says itself when it is over.
 */
export class Guests {
  private constructor(
    private readonly api: Api,
    private readonly labels: Labels,
    /** Begins the firewalls' names. */
    private readonly server: string,
  ) {}

  /** @throws UserError where the stack has no token, or isn't there */
  static async of(pulumi: Pulumi): Promise<Guests> {
    const [api, config] = await Promise.all([Api.of(pulumi), configOf(pulumi, false)]);
    const stack = pulumi.stack.split("/").at(-1) ?? "";
    const labels = { "managed-by": "queuehost", stack: labelValue(stack), project: labelValue(projectName()) } as const;
    return new Guests(api, labels, config["queuehost:server.name"]?.value || defaultServerName(stack));
  }

  /** Somebody's name as a guest. */
  nameOf(who: string): string {
    return labelValue(who);
  }

  /** All of them, those whose time is over included. */
  async list(): Promise<Guest[]> {
    const selector = encodeURIComponent(`managed-by=queuehost,stack=${this.labels.stack},guest`);
    const { firewalls } = await this.api.call("GET", `/firewalls?label_selector=${selector}&per_page=50`, Firewalls);
    return firewalls.filter(({ labels }) => isOfProject(labels, this.labels.project)).map(guestOf);
  }

  /** Shuts out those whose time is over, or whose server is gone. Returns them. */
  async sweep(now = Date.now()): Promise<Guest[]> {
    const over = (await this.list()).filter(({ until, servers }) => until.getTime() <= now || servers.length === 0);
    for (const guest of over) await this.shutOut(guest);
    return over;
  }

  /**
   * Lets ranges of addresses reach a server's port 22; who is a guest already gets these and this time instead.
   *
   * @throws UserError where a server has as many firewalls as Hetzner allows
   */
  async letIn(serverId: number, who: string, ranges: readonly string[], until: Date): Promise<Guest> {
    const labels = { ...this.labels, guest: this.nameOf(who), until: String(Math.floor(until.getTime() / 1000)) };
    const before = (await this.list()).find((guest) => guest.who === labels.guest);
    if (before?.servers.includes(serverId) && String(before.ranges) === String(ranges)) {
      // More time, without a moment of being shut out.
      await this.api.call("PUT", `/firewalls/${before.firewallId}`, Anything, { labels });
      return { ...before, until };
    }
    if (before) await this.shutOut(before);
    const description = `ssh for ${who}`.slice(0, 255);
    const rules = [{ direction: "in", protocol: "tcp", port: "22", source_ips: ranges, description }];
    const apply_to = [{ type: "server", server: { id: serverId } }];
    const name = `${this.server}-guest-${labels.guest}`;
    try {
      const made = await this.api.call("POST", "/firewalls", Created, { name, labels, rules, apply_to });
      await this.api.done(made);
      return { ...guestOf(made.firewall), servers: [serverId] };
    } catch (error) {
      const made = (await this.list()).find((guest) => guest.who === labels.guest);
      if (made) await this.shutOut(made);
      if (error instanceof Refused && error.code.includes("limit"))
        throw new UserError(`${error.message}. A server has 5 firewalls at most, so 4 guests.`);
      throw error;
    }
  }

  /** Takes a guest's firewall off all servers and deletes it. */
  async shutOut({ firewallId, servers }: Guest): Promise<void> {
    const path = `/firewalls/${firewallId}`;
    try {
      if (servers.length > 0) {
        const remove_from = servers.map((id) => ({ type: "server", server: { id } }));
        await this.api.act(`${path}/actions/remove_from_resources`, { remove_from }).catch((error) => {
          // The server went meanwhile, or somebody else was faster.
          if (!(error instanceof Refused && error.code === "firewall_resource_not_found")) throw error;
        });
      }
      await this.remove(path);
    } catch (error) {
      if (!(error instanceof Refused && error.code === "not_found")) throw error;
    }
  }

  private async remove(path: string): Promise<void> {
    for (let left = TRIES; ; left--)
      try {
        await this.api.call("DELETE", path, Anything);
        return;
      } catch (error) {
        if (left === 0 || !(error instanceof Refused && error.code === "resource_in_use")) throw error;
        await sleep(500);
      }
  }
}

/** Shuts out the guests of a stack whose time is over; none where the stack has no token, and so nothing in the cloud. */
export async function sweepGuests(pulumi: Pulumi): Promise<Guest[]> {
  const guests = await Guests.of(pulumi).catch((error) => {
    if (error instanceof WithoutToken) return undefined;
    throw error;
  });
  return (await guests?.sweep()) ?? [];
}

function guestOf({ id, labels, rules, applied_to }: z.infer<typeof Firewall>): Guest {
  return {
    firewallId: id,
    who: labels.guest ?? "",
    ranges: rules.flatMap(({ source_ips }) => source_ips),
    // Whatever is no number is over.
    until: new Date((Number(labels.until) || 0) * 1000),
    servers: applied_to.flatMap(({ server }) => server?.id ?? []),
  };
}
