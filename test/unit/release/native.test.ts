import { afterEach, beforeEach, expect, test } from "vitest";
import { outputEntries } from "../../../infra/release/contents";
import { misfits, platformSpecific } from "../../../infra/release/native";
import { Project } from "./support/project";

let project: Project;

beforeEach(() => {
  project = new Project();
});
afterEach(() => project.remove());

function elf(machine: number, text = "GLIBC_2.17 GLIBC_2.4"): Buffer {
  const head = Buffer.alloc(64);
  head.write("\x7fELF", "latin1");
  head.writeUInt16LE(machine, 18);
  return Buffer.concat([head, Buffer.from(text)]);
}

const X64 = 62;
const ARM64 = 183;
const look = (architecture: "x64" | "arm64" = "x64") =>
  misfits(project.root, outputEntries(project.root), architecture);

test("what the server can load is no misfit, nor what it won't look at", () => {
  project
    .write("node_modules/a/build/Release/a.node", elf(X64))
    .write("node_modules/a/lib/liba.so.42", elf(X64, "GLIBC_2.41"))
    .write("node_modules/b/prebuilds/darwin-arm64/b.node", "mach-o")
    .write("node_modules/b/prebuilds/win32-x64/b.node", "pe")
    .write("node_modules/b/prebuilds/linux-arm64/b.node", elf(ARM64))
    .write("node_modules/b/prebuilds/linux-x64/b.musl.node", elf(X64, "libc.musl-x86_64.so.1"))
    .write("node_modules/@img/sharp-linuxmusl-x64/sharp.node", elf(X64, "libc.musl-x86_64.so.1"))
    .write("docs/how.node.md", "");
  expect(look()).toEqual([]);
});

test.each([
  ["another system's", "mach-o", "is made for another system than Linux"],
  ["another processor's", elf(ARM64), "is made for another processor than x64"],
  ["musl's", elf(X64, "libc.musl-x86_64.so.1"), "needs musl instead of glibc"],
  ["a newer glibc's", elf(X64, "GLIBC_2.9 GLIBC_2.42"), "needs glibc 2.42, the server has 2.41"],
])("%s is one", (_, content, reason) => {
  project.write("node_modules/a/build/Release/a.node", content);
  expect(look()).toEqual([`node_modules/a/build/Release/a.node ${reason}`]);
});

test("the server's processor decides", () => {
  project.write("a.node", elf(ARM64)).write("prebuilds/linux-x86_64/a.node", elf(X64));
  expect(look("arm64")).toEqual([]);
  expect(look("x64")).toEqual(["a.node is made for another processor than x64"]);
});

test("packages that another platform installs differently are known by their manifests", () => {
  const modules = [
    { folder: "", manifest: { name: "app", scripts: { postinstall: "x" } } },
    { folder: "node_modules/plain", manifest: { name: "plain", scripts: { test: "x" } } },
    { folder: "node_modules/compiled", manifest: { name: "compiled", gypfile: true } },
    { folder: "node_modules/fetched", manifest: { name: "fetched", scripts: { postinstall: "x" } } },
    { folder: "node_modules/@img/sharp-darwin-arm64", manifest: { name: "@img/sharp-darwin-arm64", os: ["darwin"] } },
  ];
  expect(platformSpecific(modules)).toEqual(["compiled", "fetched", "@img/sharp-darwin-arm64"]);
});
