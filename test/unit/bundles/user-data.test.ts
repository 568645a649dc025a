import { expect, test } from "vitest";
import { userData } from "../../../infra/bundles/user-data";

const settings = { authorizedKey: "ssh-ed25519 A", hostKey: { privateKey: "PEM", publicKey: "ecdsa B" } };
const restoring = { app: "shop", since: new Date("2026-11-22T03:00:00Z") };
const parsed = (text: string) => JSON.parse(text.replace("#cloud-config\n", ""));

test("a server whose data is still to be restored has its page of maintenance from the first boot on", () => {
  const { write_files: files } = parsed(userData({ ...settings, restoring }));
  expect(files.map(({ path, permissions }: Record<string, string>) => `${permissions} ${path}`)).toEqual([
    "0644 /srv/shop/maintenance/index.html",
    "0644 /srv/shop/maintenance/.state",
  ]);
  expect(files[0].content).toContain('{{.RespHeader.Set "Retry-After" "60"}}');
  expect(files[0].content).toContain("We are restoring data");
  expect(files[1].content).toBe(
    "who=queuehost recreate\nwhen=1795316400\nwhy=We are restoring data and will be back in a moment.\nretry_after=60\n",
  );
});

test("any other has none, and no name leads elsewhere", () => {
  expect(parsed(userData(settings))).not.toHaveProperty("write_files");
  expect(() => userData({ ...settings, restoring: { ...restoring, app: "../etc" } })).toThrow(/app\.name/);
});
