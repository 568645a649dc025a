/** The version of the official provider whose schema and state this one speaks; @pulumi/command asks for the same. */
export const VERSION = "1.2.1";

/** What the official provider 1.2.1 notes in the state of a provider: the version of the framework that it is built with. */
export const FRAMEWORK = { key: "__pulumi-go-provider-version", version: "1.2.0" } as const;
