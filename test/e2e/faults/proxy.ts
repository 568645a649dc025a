import { byCommand, type Fault, killed, privileged, unsandboxed } from "./fault";
import { HAS_IPV6 } from "./outside";

const FILE = "/etc/caddy/Caddyfile";
const changed = (expression: string) =>
  byCommand(`edit ${FILE} "${expression}"; systemctl reload caddy`, `restore ${FILE}; systemctl reload caddy`);
/** Adds a line to the site. */
const withLine = (line: string) => changed(`/^http:\\/\\/:80 \\{/ a ${line}`);

export const PROXY_FAULTS: readonly Fault[] = [
  {
    name: "Caddy is stopped",
    ...byCommand("systemctl stop caddy", "systemctl start caddy"),
    red: ({ app }) => [
      "outside: health over the proxy",
      "outside: port 80 answers",
      ...(HAS_IPV6 ? ["outside: port 80 answers over IPv6"] : []),
      "proxy: answers carry the security headers",
      "proxy: answers name no software",
      "proxy: only the proxy can command the proxy",
      "proxy: requests are logged without their secrets",
      "proxy: the proxy has no privileges",
      "proxy: the proxy is active and starts at boot",
      "proxy: the proxy listens on port 80 and nothing else",
      "proxy: the proxy passes requests to the application",
      ...(app === "shop" ? ["proxy: the proxy serves the static files"] : []),
    ],
  },
  {
    name: "Caddy doesn't start at boot",
    ...byCommand("systemctl disable -q caddy", "systemctl enable -q caddy"),
    red: ["proxy: the proxy is active and starts at boot"],
  },
  { name: "Caddy was killed", ...killed("caddy"), red: ["proxy: the proxy doesn't restart by itself"] },
  { name: "Caddy's unit has no sandbox", ...unsandboxed("caddy"), red: ["proxy: the proxy is sandboxed"] },
  { name: "Caddy has a capability", ...privileged("caddy"), red: ["proxy: the proxy has no privileges"] },
  {
    name: "Caddy listens on a second port",
    ...changed("$ a http://127.0.0.1:8081 {\\n\\tbind 127.0.0.1\\n}"),
    red: ["proxy: the proxy listens on port 80 and nothing else"],
  },
  {
    name: "everyone can reach Caddy's socket",
    ...byCommand("chmod 755 /run/caddy", "chmod 700 /run/caddy"),
    red: ["proxy: only the proxy can command the proxy"],
  },
  {
    name: "Caddy answers in the application's place",
    ...withLine("redir $APP_HEALTH /elsewhere 302"),
    red: ["proxy: the proxy passes requests to the application"],
  },
  {
    name: "Caddy says what it is",
    ...changed("/^\\t\\t-Server$/d"),
    red: ["proxy: answers name no software"],
  },
  {
    name: "a security header is taken away",
    ...changed("s/^\\t\\t-X-Powered-By$/&\\n\\t\\t-X-Frame-Options/"),
    red: ["proxy: answers carry the security headers"],
  },
  {
    name: "query strings are logged",
    ...changed("/request>uri/d"),
    red: ["proxy: requests are logged without their secrets"],
  },
  {
    name: "Caddy sends those who ask for a static file elsewhere",
    only: "shop",
    ...withLine("redir /shop.css /elsewhere 302"),
    red: ["proxy: the proxy serves the static files"],
  },
];
