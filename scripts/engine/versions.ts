/**
 * Every version of the engine, once. They are pinned together because they were run together; a test compares them with
 * package.json and with the go.mod files below `go/`.
 */
export const VERSIONS = {
  /** Engine and command line: github.com/pulumi/pulumi/pkg/v3; the npm packages `pulumi` and `@pulumi/pulumi` are the same. */
  pulumi: "3.259.0",
  /**
   * Where the language host for Node.js is built from: github.com/pulumi/pulumi/sdk/v3, the last line of SDK releases that hold
   * it. Later ones have it in a module of its own, which the module proxies don't carry.
   */
  languageHostSdk: "3.68.0",
  /** Provider of Hetzner Cloud resources: the npm package `@pulumi/hcloud` asks for this plugin. */
  hcloud: "1.41.0",
  /** What the provider is made of: Hetzner's Terraform provider, github.com/hetznercloud/terraform-provider-hcloud. */
  terraformHcloud: "1.68.0",
  /** What turns it into a Pulumi provider: github.com/pulumi/pulumi-terraform-bridge/v3, as in Pulumi's own hcloud 1.41. */
  bridge: "3.135.0",
  /** Pulumi's own packages inside that provider: the bridge is made for these, and doesn't compile with those of 3.259. */
  bridgePulumi: "3.253.0",
  /** Provider that runs commands over SSH: the npm package `@pulumi/command` asks for this plugin. */
  command: "1.2.1",
  /** The newest Go that one of the modules asks for (terraform-provider-hcloud). An older Go fetches it by itself. */
  go: "1.26.4",
  /** The first Go that fetches a newer toolchain where a module asks for one (https://go.dev/doc/toolchain). */
  goWithToolchains: "1.21",
} as const;
