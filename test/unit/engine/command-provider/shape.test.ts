import { describe, expect, test } from "vitest";
import { RESOURCES } from "../../../../scripts/engine/command-provider/resources";
import { checkInputs } from "../../../../scripts/engine/command-provider/shape";
import { type Props, secret, UNKNOWN } from "../../../../scripts/engine/command-provider/values";

const HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAICYE/iqkCTEqMTEwlt/H0lDFRGJOQAlQLppI6PJqUbwZ";
const KEY = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n";
const CONNECTION: Props = { host: "10.0.0.1", privateKey: KEY, hostKey: HOST_KEY };

function check(type: string, news: Props) {
  const shape = RESOURCES.get(`command:${type}`)?.shape;
  if (shape === undefined) throw new Error(`no ${type}`);
  return checkInputs(shape, news);
}

/** The faults of inputs, a line each. */
const faults = (type: string, news: Props) =>
  check(type, news).failures.map(({ property, reason }) => `${property}: ${reason}`);

describe("connection", () => {
  test("gets its defaults, and is a secret with secrets inside", () => {
    expect(check("remote:Command", { connection: CONNECTION }).inputs).toEqual({
      connection: secret({
        host: "10.0.0.1",
        privateKey: secret(KEY),
        hostKey: HOST_KEY,
        port: 22,
        user: "root",
        dialErrorLimit: 10,
        perDialTimeout: 15,
      }),
    });
  });

  test("nothing is said of what is not known yet", () => {
    expect(check("remote:Command", { connection: secret(UNKNOWN), create: UNKNOWN })).toEqual({
      inputs: { connection: secret(UNKNOWN), create: UNKNOWN },
      failures: [],
    });
    expect(faults("remote:Command", { connection: { ...CONNECTION, hostKey: UNKNOWN } })).toEqual([]);
  });

  test("needs a key on both sides", () => {
    expect(faults("remote:Command", { connection: { host: "10.0.0.1" } })).toEqual([
      "connection.privateKey: is required, but missing",
      "connection.hostKey: is required, but missing",
    ]);
  });

  test.each([
    ["proxy", { host: "x" }, "not supported by the stand-in: it connects without a proxy only"],
    ["password", "p", "not supported by the stand-in: it connects with connection.privateKey only"],
    ["agentSocketPath", "/a", "not supported by the stand-in: it connects with connection.privateKey only"],
    [
      "privateKeyPassword",
      "p",
      "not supported by the stand-in: pass connection.privateKey without passphrase, as a secret",
    ],
    ["hostKey", "AAAA", "should be a public key such as `ssh-ed25519 AAAA...`"],
    ["hostKey", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAICYE", "should be a public key such as `ssh-ed25519 AAAA...`"],
    ["privateKey", "hunter2", "should be an OpenSSH or PEM private key without passphrase, got something else"],
    [
      "privateKey",
      "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMC4\n-----END ENCRYPTED PRIVATE KEY-----",
      "should be an OpenSSH or PEM private key without passphrase, got one with a passphrase",
    ],
    ["host", "-oProxyCommand=x", "should be a host name or an address"],
    ["port", "22", "should be a whole number, got a string"],
  ])("refuses %s %j", (name, value, reason) => {
    expect(faults("remote:Command", { connection: { ...CONNECTION, [name]: value } })).toEqual([
      `connection.${name}: ${reason}`,
    ]);
  });
});

describe("commands", () => {
  test.each<[string, Props, string]>([
    [
      "local:Command",
      { assetPaths: ["*"] },
      "assetPaths: not supported by the stand-in: read the files in the program instead",
    ],
    ["local:Command", { create: 3 }, "create: should be a string, got a number"],
    ["local:Command", { environment: { A: 1 } }, "environment: should be an object of strings"],
    ["local:Command", { interpreter: "sh" }, "interpreter: should be a list of strings, got a string"],
    [
      "local:Command",
      { logging: "loud" },
      'logging: should be one of stdout, stderr, stdoutAndStderr, none, got "loud"',
    ],
  ])("%s refuses %j", (type, news, fault) => expect(faults(type, news)).toEqual([fault]));

  test("the environment of a remote command is refused by name", () => {
    expect(faults("remote:Command", { connection: CONNECTION, environment: { A: "1" } })).toEqual([
      "environment: not supported by the stand-in: send values as stdin, or write VAR=value before the command",
    ]);
  });

  test("an unknown property is named, with those that are known", () => {
    expect(faults("local:Command", { creat: "x" })[0]).toMatch(
      /^creat: unknown property; known are create, update, delete,/,
    );
  });

  test("a wrong value is never repeated where it may be a secret", () => {
    expect(faults("remote:Command", { connection: { ...CONNECTION, hostKey: "hunter2" } }).join()).not.toContain(
      "hunter2",
    );
  });
});

describe("CopyToRemote", () => {
  const signed = (signature: string, rest: Props) => ({
    "4dabf18193072939515e22adb298388d": signature,
    hash: "h",
    ...rest,
  });
  const ASSET = "c44067f5952c0a294b673a41bacd8c17";
  const source = (value: Props) =>
    faults("remote:CopyToRemote", { connection: CONNECTION, remotePath: "/x", source: value });

  test("takes a file", () => expect(source(signed(ASSET, { path: "/a" }))).toEqual([]));

  test("refuses text, addresses and archives by name", () => {
    expect(source(signed(ASSET, { text: "a" }))).toEqual(["source: only a FileAsset is supported by the stand-in"]);
    expect(source(signed(ASSET, { uri: "http://x" }))).toEqual([
      "source: only a FileAsset is supported by the stand-in",
    ]);
    expect(source(signed("0def7320c3a5731c473e5ecbe6d01bc7", { path: "/a" }))).toEqual([
      "source: archives are not supported by the stand-in: pack the files and pass a FileAsset",
    ]);
  });
});
