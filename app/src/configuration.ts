import { type Config, readConfig } from "./config";

let current: Config | undefined;

/** The configuration of this process, for what is called by a job: it has none to be given. */
export function configuration(): Config {
  current ??= readConfig(process.env);
  return current;
}

/** Sets it: what an entry point has read, or a test has made. */
export function configure(config: Config): Config {
  current = config;
  return config;
}
