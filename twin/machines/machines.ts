import { existsSync, readFileSync } from "node:fs";
import type Docker from "dockerode";
import { SERVER_TYPES } from "../catalogue";
import { isMissing, isUnchanged, removeContainer } from "../docker/engine";
import { renderRules } from "../firewall";
import type { PublicNetwork, Server, State } from "../state";
import type { TrapPorts } from "../trap/trap";
import { containerOptions, limits } from "./container";
import { onHostNetwork } from "./helper";
import { inside } from "./inside";
import type { Names } from "./names";
import { ensureNetwork } from "./network";
import { resolvers } from "./resolvers";

/** Seconds that a machine gets to shut down before its power is cut; Debian's own services need one or two. */
const SHUTDOWN_SECONDS = 30;

/** Lets no frame go straight from one machine to another: what they say to each other has to be routed, and so filtered. */
const ISOLATE =
  'ip -o link show master "$INPUT" | cut -d: -f2 | cut -d@ -f1 | while read -r port; do ip link set dev "$port" type bridge_slave isolated on; done';

/** Whether the kernel shows bridged frames to the rules by itself, for both protocols. */
const bridgedIsFiltered = () =>
  ["iptables", "ip6tables"].every((name) => {
    const path = `/proc/sys/net/bridge/bridge-nf-call-${name}`;
    return existsSync(path) && readFileSync(path, "utf8").trim() === "1";
  });

/** The machines of one twin: Docker behind verbs of a hypervisor. Every verb may be repeated. */
export class Machines {
  private queue: Promise<unknown> = Promise.resolve();

  constructor(
    readonly docker: Docker,
    readonly names: Names,
    readonly image: string,
  ) {}

  network(state: State): Promise<PublicNetwork> {
    return ensureNetwork(this.docker, this.names, state);
  }

  /** Makes the server's disk; its power stays off. */
  async create(server: Server, network: PublicNetwork, trapped: boolean): Promise<void> {
    if (await this.exists(server)) return;
    await this.docker.createContainer(
      containerOptions(server, typeOf(server), network, this.names, this.image, resolvers(), trapped),
    );
  }

  /** Runs a program in the machine as root, as nobody at a real one could. @throws Error with what it said, where it fails */
  run(server: Server, command: readonly string[]): Promise<string> {
    return inside(this.container(server), command);
  }

  async exists(server: Server): Promise<boolean> {
    return (await this.inspect(server)) !== undefined;
  }

  async isRunning(server: Server): Promise<boolean> {
    return (await this.inspect(server))?.State.Running ?? false;
  }

  /** Throws when the server's disk is gone: a new one in its place would be a new server. */
  async powerOn(server: Server): Promise<void> {
    if (!(await this.exists(server)))
      throw new Error(`the disk of server ${server.name} is gone: its container was removed by somebody else`);
    await this.readdress(server);
    await unlessSo(this.container(server).start());
    await this.isolate();
  }

  /** Puts a machine that is off where its address says; another may have been assigned to it since it was made. */
  private async readdress(server: Server): Promise<void> {
    const state = await this.inspect(server);
    const wanted = server.ipv4?.ip;
    if (wanted === undefined) throw new Error(`server ${server.name} has no IPv4 address, which the twin needs`);
    const now = state?.NetworkSettings.Networks[this.names.network]?.IPAMConfig?.IPv4Address;
    if (state === undefined || state.State.Running || now === wanted) return;
    const network = this.docker.getNetwork(this.names.network);
    const Container = this.names.container(server.id);
    await network.disconnect({ Container, Force: true });
    await network.connect({ Container, EndpointConfig: { IPAMConfig: { IPv4Address: wanted } } });
  }

  /** To be called when something has come onto the bridge: nothing there reaches anything else but through the rules. */
  async isolate(): Promise<void> {
    if (!bridgedIsFiltered()) await this.inTurn(() => this.onHost(ISOLATE, this.names.bridge));
  }

  /** Asks the machine to switch itself off, as its power button does; doesn't wait. */
  async pressButton(server: Server): Promise<void> {
    if (await this.isRunning(server)) await this.container(server).kill({ signal: "SIGRTMIN+4" });
  }

  /** Shuts the machine down and waits; cuts its power where it takes longer than `SHUTDOWN_SECONDS`. */
  async shutDown(server: Server): Promise<void> {
    await unlessSo(this.container(server).stop({ t: SHUTDOWN_SECONDS }));
  }

  async cutPower(server: Server): Promise<void> {
    if (await this.isRunning(server)) await this.container(server).kill({ signal: "SIGKILL" });
    await this.container(server).wait();
  }

  async resize(server: Server): Promise<void> {
    await this.container(server).update(limits(typeOf(server)));
  }

  async remove(server: Server): Promise<void> {
    await removeContainer(this.container(server));
  }

  /** Whether the machine's last words were that it switches itself off. */
  async saysPoweringOff(server: Server): Promise<boolean> {
    const said = await this.container(server).logs({ stdout: true, stderr: true, tail: 5 });
    return said.toString("utf8").includes("Powering off.");
  }

  /** The numbers of this twin's servers that Docker has a container for, with whether it runs. */
  async list(): Promise<Map<number, boolean>> {
    const all = await this.docker.listContainers({ all: true, filters: { label: [this.names.label] } });
    return new Map(
      all.flatMap(({ Labels, State }): [number, boolean][] => {
        const id = Labels["queuehost.server"];
        return id === undefined ? [] : [[Number(id), State === "running"]];
      }),
    );
  }

  /** Puts the host's rules where the state says. One at a time: each run replaces all of them. */
  applyRules(state: State, network: PublicNetwork, metadataPort: number, trap: TrapPorts): Promise<void> {
    return this.inTurn(async () => {
      const address = network.prefix6
        ? `ip -6 addr replace ${network.prefix6}::1/48 dev ${this.names.bridge} nodad; `
        : "";
      const rules = renderRules(state, network, this.names, metadataPort, trap);
      await this.onHost(`${address}printf '%s' "$INPUT" | nft -f -`, rules);
    });
  }

  /** Removes the containers that a killed twin left behind in the middle of a change to the host's network. */
  removeHelpers(): Promise<void> {
    return this.inTurn(async () => {
      const label = [this.names.label, "queuehost.helper=1"];
      const left = await this.docker.listContainers({ all: true, filters: { label } });
      await Promise.all(left.map(({ Id }) => removeContainer(this.docker.getContainer(Id))));
    });
  }

  /** Resolves when no change to the host's network is under way. */
  async settled(): Promise<void> {
    await this.queue;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.queue.then(work, work);
    this.queue = next.catch(() => undefined);
    return next;
  }

  private onHost(script: string, input: string): Promise<string> {
    return onHostNetwork(this.docker, this.image, this.names.label, script, input);
  }

  private container(server: Server): Docker.Container {
    return this.docker.getContainer(this.names.container(server.id));
  }

  private async inspect(server: Server): Promise<Docker.ContainerInspectInfo | undefined> {
    try {
      return await this.container(server).inspect();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }
}

function typeOf({ serverType }: Server) {
  const type = SERVER_TYPES.find(({ name }) => name === serverType);
  if (!type) throw new Error(`server type ${serverType} is not in the catalogue`);
  return type;
}

async function unlessSo(change: Promise<unknown>): Promise<void> {
  await change.catch((error: unknown) => {
    if (!isUnchanged(error)) throw error;
  });
}
