import { Container, Network, RemoteImage } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

export const REDIS_IMAGE = "redis:7-alpine";
// Docker Hub has it under no version.
export const COMMANDER_IMAGE = "rediscommander/redis-commander:latest";

export interface DevRedisArgs {
  /** Ports of loopback. */
  readonly redisPort: pulumi.Input<number>;
  readonly commanderPort: pulumi.Input<number>;
}

/** Redis as queues need it, and Redis Commander to look into it (admin, password): both for this machine alone. */
export class DevRedis extends pulumi.ComponentResource {
  readonly redisPort: pulumi.Output<number>;
  readonly commander: pulumi.Output<string>;

  constructor(name: string, args: DevRedisArgs, options?: pulumi.ComponentResourceOptions) {
    super("queuehost:dev:Redis", name, {}, options);
    const network = this.createNetwork(name);
    this.createRedis(name, network, args);
    this.createCommander(name, network, args);
    this.redisPort = pulumi.output(args.redisPort);
    this.commander = pulumi.interpolate`http://127.0.0.1:${args.commanderPort}`;
    this.registerOutputs({ redisPort: this.redisPort, commander: this.commander });
  }

  /** In which the one finds the other by its name. */
  private createNetwork(name: string): Network {
    return new Network(name, { name }, { parent: this });
  }

  private createRedis(name: string, network: Network, { redisPort }: DevRedisArgs): Container {
    return new Container(
      `${name}-redis`,
      {
        name: `${name}-redis`,
        image: this.createImage(`${name}-redis`, REDIS_IMAGE),
        // Queues lose jobs where Redis may evict; what was acknowledged outlives a restart.
        command: ["redis-server", "--appendonly", "yes", "--maxmemory-policy", "noeviction"],
        networksAdvanced: [{ name: network.name, aliases: ["redis"] }],
        ports: [{ internal: 6379, external: redisPort, ip: "127.0.0.1" }],
        // Made by Docker where it is missing, and kept when the stack is destroyed: jobs of yesterday are there tomorrow.
        volumes: [{ volumeName: `${name}-redis`, containerPath: "/data" }],
        healthcheck: { tests: ["CMD", "redis-cli", "ping"], interval: "1s", timeout: "3s", retries: 30 },
        wait: true,
        waitTimeout: 60,
        restart: "unless-stopped",
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private createCommander(name: string, network: Network, { commanderPort }: DevRedisArgs): Container {
    return new Container(
      `${name}-commander`,
      {
        name: `${name}-commander`,
        image: this.createImage(`${name}-commander`, COMMANDER_IMAGE),
        envs: ["REDIS_HOSTS=local:redis:6379", "HTTP_USER=admin", "HTTP_PASSWORD=password"],
        networksAdvanced: [{ name: network.name }],
        ports: [{ internal: 8081, external: commanderPort, ip: "127.0.0.1" }],
        restart: "unless-stopped",
      },
      { parent: this, deleteBeforeReplace: true },
    );
  }

  private createImage(name: string, image: string): pulumi.Output<string> {
    return new RemoteImage(name, { name: image, keepLocally: true }, { parent: this }).imageId;
  }
}
