/** A value of a stack's configuration that is to be set. */
export interface ConfigValue {
  readonly key: string;
  readonly value: string;
  readonly secret: boolean;
}

/** Linux takes 131,072 bytes for one variable of the environment, its name included. */
const LONGEST = 120_000;

/**
 * The values as arguments of `pulumi config set-all --json`, as few as Linux allows, and those that are too long for any.
 */
export function bundled(values: readonly ConfigValue[]): { bundles: string[]; single: ConfigValue[] } {
  const parts = values.map((one) => ({
    one,
    json: `${JSON.stringify(one.key)}:${JSON.stringify({ value: one.value, secret: one.secret })}`,
  }));
  const bundles: string[] = [];
  let current: string[] = [];
  let bytes = 0;
  const close = () => {
    if (current.length > 0) bundles.push(`{${current.join(",")}}`);
    current = [];
    bytes = 0;
  };
  for (const { json } of parts.filter(fits)) {
    if (bytes + Buffer.byteLength(json) > LONGEST) close();
    current.push(json);
    bytes += Buffer.byteLength(json) + 1;
  }
  close();
  return { bundles, single: parts.filter((part) => !fits(part)).map(({ one }) => one) };
}

const fits = ({ json }: { json: string }) => Buffer.byteLength(json) <= LONGEST;
