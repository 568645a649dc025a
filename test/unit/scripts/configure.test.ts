import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Home } from "../../../scripts/engine/home";
import { configOf } from "../../../scripts/environment/config";
import { UserError } from "../../../scripts/lib/errors";
import { Interrupted } from "../../../scripts/lib/interrupt";
import { Pulumi } from "../../../scripts/lib/pulumi";
import { waitFor } from "../../support/wait-for";

let folder = "";
let pulumi: Pulumi;
const read = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : "");
const said = () => read(join(folder, "said"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "queuehost-configure-"));
  vi.stubEnv("PULUMI_HOME", folder);
  pulumi = new Pulumi(`e2e-configure-${process.pid}`, {});
  writeFileSync(pulumi.configFile, "before\n");
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(pulumi.configFile, { force: true });
  rmSync(folder, { recursive: true });
});

/** A command line that writes what it is given into the file it is told, and then does `end`. */
function fakePulumi(end: string): void {
  const file = new Home().path(new Home().bin, "pulumi");
  mkdirSync(dirname(file), { recursive: true });
  const script = [
    "#!/bin/sh",
    `echo "$*" >>${folder}/said`,
    'while [ "$1" != --config-file ]; do shift; done',
    `printf '%s\\n' "$PULUMI_OPTION_JSON" >>"$2"`,
    end,
  ];
  writeFileSync(file, `${script.join("\n")}\n`);
  chmodSync(file, 0o755);
}

/** What a call leaves beside the file itself. */
const drafts = () =>
  readdirSync(join(dirname(pulumi.configFile), ".queuehost")).filter((name) => name.includes(pulumi.stack));

test("all values are set in one call, and none stands in argv", async () => {
  fakePulumi("exit 0");
  await pulumi.configure({ "queuehost:a": "1" }, { "queuehost:b": "s3cret" });
  expect(said().trim().split("\n")).toHaveLength(1);
  expect(said()).not.toContain("s3cret");
  const [before, json = ""] = read(pulumi.configFile).split("\n");
  expect(before).toBe("before");
  expect(JSON.parse(json)).toEqual({
    "queuehost:a": { value: "1", secret: false },
    "queuehost:b": { value: "s3cret", secret: true },
  });
  expect(drafts()).toEqual([]);
});

test("a value that is too long for the environment goes over stdin", async () => {
  fakePulumi(`cat >>${folder}/stdin`);
  await pulumi.configure({}, { "queuehost:long": "x".repeat(125_000) });
  expect(said()).toMatch(/^config set --secret --config-file \S+ queuehost:long /);
  expect(read(join(folder, "stdin"))).toBe(`${"x".repeat(125_000)}\n`);
});

test("a call that fails leaves the file as it was", async () => {
  fakePulumi("echo no >&2; exit 1");
  await expect(pulumi.configure({ "queuehost:a": "1" }, {})).rejects.toThrow("no");
  expect(read(pulumi.configFile)).toBe("before\n");
  expect(drafts()).toEqual([]);
});

test("so does Ctrl-C, even where the call gets through", async () => {
  fakePulumi("sleep 0.5");
  const configured = pulumi.configure({ "queuehost:a": "1" }, {});
  await waitFor("the call", () => said() !== "");
  process.emit("SIGINT");
  await expect(configured).rejects.toThrow(Interrupted);
  expect(read(pulumi.configFile)).toBe("before\n");
  expect(drafts()).toEqual([]);
});

test("a key is taken out in one step, or seen as if it were", async () => {
  fakePulumi("exit 0");
  const seen = await pulumi.without("queuehost:a", async (file) => {
    expect(drafts()).toHaveLength(1);
    return read(file);
  });
  expect(seen).toBe("before\n\n");
  expect(read(pulumi.configFile)).toBe("before\n");
  await pulumi.unset("queuehost:a");
  expect(read(pulumi.configFile)).toBe("before\n\n");
  expect(said().match(/^config rm --config-file \S+ queuehost:a /gm)).toHaveLength(2);
  expect(drafts()).toEqual([]);
});

test("a stack that isn't there is told with the name that was meant", async () => {
  const there = JSON.stringify([{ name: "staging" }, { name: `${pulumi.stack}x` }]);
  fakePulumi("");
  const file = new Home().path(new Home().bin, "pulumi");
  writeFileSync(
    file,
    `#!/bin/sh\ncase "$*" in *"stack ls"*) echo '${there}' ;; *) echo "error: no stack named '$4' found" >&2; exit 255 ;; esac\n`,
  );
  const asked = pulumi.outputs();
  await expect(asked).rejects.toThrow(UserError);
  await expect(asked).rejects.toThrow(
    `--stack: there is no stack ${pulumi.stack} here. Did you mean ${pulumi.stack}x? There are staging, ${pulumi.stack}x.`,
  );
  await expect(configOf(pulumi, false)).rejects.toThrow(`Did you mean ${pulumi.stack}x?`);
});
