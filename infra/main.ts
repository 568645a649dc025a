/** What `import ... from "queuehost"` gives a program in another repository. */
export { Backups, type BackupsArgs } from "./components/backups";
export { Host, type HostArgs } from "./components/host";
export { Network, type NetworkArgs } from "./components/network";
export { Postgres, type PostgresArgs } from "./components/postgres";
export { ReverseProxy, type ReverseProxyArgs } from "./components/proxy";
export { Redis, type RedisArgs } from "./components/redis";
export { type Prepared, prepareRelease, Release, type ReleaseArgs } from "./components/release";
export { Server, type ServerArgs } from "./components/server";
export { type BoxAccess, StorageBox, type StorageBoxArgs } from "./components/storage-box";
export { chooseOffer, type Offer } from "./config/catalogue";
export { loadConfig } from "./config/load";
export type { Settings } from "./config/schema";
export { QueueHost, type QueueHostArgs, type QueueHostOutputs } from "./queue-host";
