import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Folder } from "../../../../app/src/services/folder";
import { waitFor } from "../../../support/wait-for";
import { openBackend, sandbox, type TestBackend } from "../support/backend";
import { captureLog } from "../support/capture-log";

const { config, remove } = sandbox({ QUEUE_ENABLED: "false", MAX_FILE_SIZE: 20_000 });
let backend: TestBackend;
let url: string;
const uploads = () => readdirSync(config.services.UPLOAD_DIR);

beforeAll(async () => {
  captureLog();
  backend = await openBackend(config);
  await backend.app.listen({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${(backend.app.server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await backend.close();
  remove();
});

async function upload(content: string | Uint8Array<ArrayBuffer>, name = "file", type = "") {
  const form = new FormData();
  form.set("file", new Blob([content], { type }), name);
  const response = await fetch(`${url}/api/uploads/`, { method: "POST", body: form });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    body: (await response.json()) as Record<string, string>,
  };
}

test("what a file is, its content says and not its name", async () => {
  const { status, body } = await upload("sku,name,quantity\n", "../../etc/passwd.png", "image/png");
  expect(status).toBe(201);
  expect(body).toEqual({
    file: expect.stringMatching(/^[0-9a-f-]{36}\.csv$/),
    type: "text/csv; charset=utf-8",
    bytes: 18,
  });
  expect(uploads()).toEqual([body.file]);
});

test("what is too large or of another kind is refused, and nothing of it is left", async () => {
  const before = uploads();
  const refused = [
    [await upload("x".repeat(20_001)), 413, "MAX_FILE_SIZE"],
    [await upload("x".repeat(2_000_000)), 413, "MAX_FILE_SIZE"],
    [await upload(new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 0])), 415, "neither"],
    [await upload(""), 415, "neither"],
  ] as const;
  for (const [{ status, type, body }, expected, detail] of refused) {
    expect(status).toBe(expected);
    expect(type).toContain("application/problem+json");
    expect(body.detail).toContain(detail);
  }
  expect(uploads()).toEqual(before);
});

test("a body that is none, or holds no file, is refused with what is missing", async () => {
  const post = async (body: string, type: string) => {
    const response = await fetch(`${url}/api/uploads/`, { method: "POST", headers: { "content-type": type }, body });
    return [response.status, response.headers.get("content-type")?.split(";")[0]];
  };
  const problem = "application/problem+json";
  expect(await post("{}", "application/json")).toEqual([415, problem]);
  expect(await post("a,b", "text/csv")).toEqual([415, problem]);
  expect(await post("--x--\r\n", "multipart/form-data; boundary=x")).toEqual([400, problem]);
  expect((await post("nonsense", "multipart/form-data"))[1]).toBe(problem);
});

test("one file is taken, not several and not none, and nothing of them is left", async () => {
  const before = uploads();
  const post = async (...parts: readonly [string, string | Blob][]) => {
    const form = new FormData();
    for (const [name, value] of parts) form.append(name, value);
    const response = await fetch(`${url}/api/uploads/`, { method: "POST", body: form });
    return [response.status, ((await response.json()) as { errors?: unknown }).errors];
  };
  const csv = new Blob(["sku,name\n".repeat(1000)]);
  const several = [400, [{ path: "file", message: "should be one file, got several" }]];
  expect(await post(["file", csv], ["file", csv])).toEqual(several);
  expect(await post(["note", "none"])).toEqual([400, [{ path: "file", message: "is missing" }]]);
  expect(uploads()).toEqual(before);
  expect((await post(["note", "one"], ["file", csv]))[0]).toBe(201);
});

test("an upload that breaks off leaves nothing behind", async () => {
  const before = uploads();
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  const head = `POST /api/uploads/ HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: 9000\r\n\r\n`;
  const part = `--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\ncontent-type: text/csv\r\n\r\n`;
  socket.write(`${head}${part}${"sku\n".repeat(500)}`);
  await waitFor("the upload is being written", () => uploads().length > before.length || undefined).finally(() =>
    socket.destroy(),
  );
  socket.destroy();
  await waitFor("nothing of it is left", () => uploads().length === before.length || undefined);
});

test("an export is downloaded, never shown; other names lead nowhere", async () => {
  writeFileSync(join(config.services.EXPORTS_DIR, "report-1.html"), "<script>alert(1)</script>");
  symlinkSync("/etc/passwd", join(config.services.EXPORTS_DIR, "link.csv"));
  const answer = await fetch(`${url}/api/exports/report-1.html`);
  expect([answer.status, answer.headers.get("content-disposition"), await answer.text()]).toEqual([
    200,
    'attachment; filename="report-1.html"',
    "<script>alert(1)</script>",
  ]);
  for (const name of ["none.csv", "link.csv", "..%2f..%2fetc%2fpasswd", "..", "%2e%2e%2fjobs.sqlite", "a%00b"]) {
    const refused = await backend.ask({ method: "GET", url: `/api/exports/${name}` });
    expect(refused.code, name).toBe(404);
  }
});

test("cleaning up removes old files of its own folder, and neither links nor folders nor new ones", async () => {
  const path = mkdtempSync(join(tmpdir(), "queuehost-folder-"));
  const folder = new Folder(path, "EXPORTS_DIR");
  const old = new Date(Date.now() - 10_000);
  for (const name of ["export-old.csv", "report-old.csv", "export-new.csv"]) writeFileSync(join(path, name), "");
  symlinkSync("/etc/passwd", join(path, "export-link"));
  for (const name of ["export-old.csv", "report-old.csv"]) utimesSync(join(path, name), old, old);
  expect(await folder.removeOlder(5000, (name) => name.startsWith("export-"))).toEqual(["export-old.csv"]);
  expect(readdirSync(path).toSorted()).toEqual(["export-link", "export-new.csv", "report-old.csv"]);
  const broken = folder.write("half.csv", async (file) => {
    await file.appendFile("half");
    throw new Error("broken");
  });
  await expect(broken).rejects.toThrow("broken");
  expect(readdirSync(path)).toHaveLength(3);
  rmSync(path, { recursive: true });
});
