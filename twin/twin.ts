import { Boxes } from "./boxes/boxes";
import type { Machines } from "./machines/machines";
import type { Action, PublicNetwork } from "./state";
import type { Store } from "./store";
import { Trap, type TrapPorts } from "./trap/trap";
import { finish, WORK } from "./work";

export interface Log {
  info(message: string): void;
  warn(message: string): void;
}

/** One Hetzner project on this computer: its state, its machines, and the actions that lead from one to the other. */
export class Twin {
  /** Where the metadata service listens on the bridge; set by whoever started it. */
  metadataPort = 0;
  /** Where what applications say ends up, once `trap` of the state says that they may reach nobody. */
  readonly trap = new Trap();
  /** Where it listens on the bridge; set by whoever started it. */
  trapPorts: TrapPorts = { tcp: 0, names: 0 };
  readonly boxes: Boxes;
  /** The last action of each server and of each Storage Box: those of one run one after another. */
  private readonly tails = new Map<number, Promise<void>>();

  constructor(
    readonly store: Store,
    readonly machines: Machines,
    readonly log: Log,
  ) {
    this.boxes = new Boxes(machines, store.folder, (line) => log.info(line));
  }

  get state() {
    return this.store.state;
  }

  get network(): PublicNetwork {
    if (!this.state.network) throw new Error("the twin has no network yet");
    return this.state.network;
  }

  /** Sets an action going and returns it at once, `running`, as Hetzner does. `command` names its work (see work.ts). */
  start(command: keyof typeof WORK, resources: Action["resources"]): Action {
    const action: Action = {
      id: this.store.id(),
      command,
      status: "running",
      progress: 0,
      started: new Date().toISOString(),
      finished: null,
      error: null,
      resources,
    };
    this.state.actions.push(action);
    this.store.save();
    this.run(action);
    return action;
  }

  /** Goes on with what was under way when the twin ended: each piece of work may be repeated from its start. */
  resume(): void {
    for (const action of this.state.actions) if (action.status === "running") this.run(action);
  }

  /** Whether a change to this server is under way, so that no second one may start. */
  isLocked(server: number): boolean {
    return this.state.actions.some(
      ({ status, command, resources }) =>
        status === "running" &&
        /_server(_type)?$/.test(command) &&
        resources.some(({ id, type }) => type === "server" && id === server),
    );
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.state.actions.some(({ status }) => status === "running")) await Promise.all(this.tails.values());
  }

  applyRules(): Promise<void> {
    return this.machines.applyRules(this.state, this.network, this.metadataPort, this.trapPorts);
  }

  private run(action: Action): void {
    const subject = action.resources.find(({ type }) => type === "server" || type === "storage_box")?.id ?? 0;
    const work = async () => {
      try {
        const perform = WORK[action.command as keyof typeof WORK];
        if (!perform) throw new Error(`nobody knows how to ${action.command}`);
        await perform(this, subject);
        finish(action, null);
      } catch (error) {
        const message = (error as Error).message;
        this.log.warn(`${action.command} failed: ${message}`);
        finish(action, { code: "action_failed", message });
      }
      this.store.save();
    };
    this.tails.set(subject, (this.tails.get(subject) ?? Promise.resolve()).then(work));
  }
}
