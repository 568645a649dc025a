import type { Settings } from "../settings";
import type { Carried, Held } from "./carry";
import type { Send } from "./progress";
import { Sandbox } from "./sandbox-process";

/** The processes in which jobs of sandboxed types run: one for each job at a time, used again until a limit is reached. */
export class Sandboxes {
  private readonly idle: Sandbox[] = [];
  private readonly all = new Set<Sandbox>();

  constructor(
    private readonly settings: Settings,
    private readonly entry: string,
  ) {}

  carry(held: Held, send: Send): Carried {
    const sandbox = this.idle.pop() ?? this.start();
    const carried = sandbox.carry(held, this.settings, send);
    carried.done.then(
      () => this.putBack(sandbox),
      () => this.putBack(sandbox),
    );
    return carried;
  }

  async close(): Promise<void> {
    await Promise.all([...this.all].map((sandbox) => sandbox.kill()));
  }

  private start(): Sandbox {
    const sandbox = new Sandbox(this.entry, () => this.forget(sandbox));
    this.all.add(sandbox);
    return sandbox;
  }

  private putBack(sandbox: Sandbox): void {
    if (!this.all.has(sandbox)) return;
    const { maxJobs, maxMemoryMb } = this.settings;
    const worn =
      (maxJobs > 0 && sandbox.jobs >= maxJobs) || (maxMemoryMb > 0 && sandbox.memory > maxMemoryMb * 2 ** 20);
    if (worn) void sandbox.kill();
    else this.idle.push(sandbox);
  }

  private forget(sandbox: Sandbox): void {
    this.all.delete(sandbox);
    const index = this.idle.indexOf(sandbox);
    if (index >= 0) this.idle.splice(index, 1);
  }
}
