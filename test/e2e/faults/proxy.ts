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
      "proxy: answers carry the id of their request",
      "proxy: answers carry the security headers",
      "proxy: answers name no software",
      "proxy: bodies over the limit are refused",
      "proxy: only the proxy can command the proxy",
      "proxy: requests are logged without their secrets",
      "proxy: the proxy has no privileges",
      "proxy: the proxy is active and starts at boot",
      "proxy: the proxy listens on its ports and nothing else",
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
    red: ["proxy: the proxy listens on its ports and nothing else"],
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
    name: "answers don't say which request they are for",
    ...changed("/^\\t\\tX-Request-Id /d"),
    red: ["proxy: answers carry the id of their request"],
  },
  {
    name: "any body is let through",
    ...changed("s/ > [0-9]+/ > 9999999999/; s/max_size [0-9]+B/max_size 9GB/"),
    red: ["proxy: bodies over the limit are refused"],
  },
  {
    name: "requests go to the idle side, where somebody else answers",
    ...byCommand(
      `mkdir -p /run/stray$(dirname $APP_HEALTH); touch /run/stray$APP_HEALTH
       case $IDLE in a) port=$APP_PORT ;; *) port=$((APP_PORT + 8)) ;; esac
       for n in $(seq 0 7); do
         systemd-run -q -u stray-$n python3 -m http.server $((port + n)) --protocol HTTP/1.1 --bind 127.0.0.1 --directory /run/stray
         until_it "ss -Hltn 'sport = :$((port + n))' | grep -q ."
       done
       edit ${FILE} 's,try_files /b$,try_files /a,'; grep -q 'try_files /a' ${FILE}; systemctl reload caddy`,
      `restore ${FILE}; systemctl reload caddy; systemctl stop 'stray-*'; rm -r /run/stray`,
    ),
    red: ["proxy: requests go to the live side alone"],
  },
  {
    name: "the application is in maintenance",
    ...byCommand(
      "/opt/queuehost/app/release maintenance on tests 'a fault' 60",
      "/opt/queuehost/app/release maintenance off tests",
    ),
    red: ["outside: health over the proxy", "proxy: the application is not in maintenance"],
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
