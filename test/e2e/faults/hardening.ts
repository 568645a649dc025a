import { byCommand, type Fault } from "./fault";
import { RELOAD_FIREWALL } from "./outside";

/** Read before ours: sshd keeps the first value that it reads. */
const SSHD_FILE = "/etc/ssh/sshd_config.d/00-fault.conf";
const sshd = (...lines: string[]) =>
  byCommand(
    `printf '%s\\n' ${lines.map((line) => `'${line}'`).join(" ")} >${SSHD_FILE}; systemctl reload ssh`,
    `rm -f ${SSHD_FILE} /etc/ssh/fault_key*; systemctl reload ssh`,
  );
const nft = (command: string) => byCommand(`nft '${command}'`, RELOAD_FIREWALL);
const edited = (file: string, expression: string) => byCommand(`edit ${file} '${expression}'`, `restore ${file}`);
const JOURNAL = "/var/log/journal/$(cat /etc/machine-id)";

export const HARDENING_FAULTS: readonly Fault[] = [
  {
    name: "ssh lets in with a password",
    ...sshd("PasswordAuthentication yes", "AuthenticationMethods any"),
    red: ["hardening: ssh lets in by key alone"],
  },
  {
    name: "ssh shows a second host key",
    ...byCommand(
      `ssh-keygen -q -t ecdsa -N "" -f /etc/ssh/fault_key
       printf 'HostKey /etc/ssh/fault_key\\nHostKeyAlgorithms ssh-ed25519,ecdsa-sha2-nistp256\\n' >${SSHD_FILE}
       systemctl reload ssh`,
      `rm ${SSHD_FILE} /etc/ssh/fault_key*; systemctl reload ssh`,
    ),
    red: ["hardening: ssh shows an ed25519 host key alone"],
  },
  {
    name: "ssh offers an old cipher",
    ...sshd("Ciphers aes256-gcm@openssh.com,aes128-cbc"),
    red: ["hardening: ssh offers no weak algorithm"],
  },
  {
    name: "ssh lets in root",
    ...sshd("PermitRootLogin prohibit-password"),
    red: ["hardening: ssh lets in deploy alone, and never root"],
  },
  {
    name: "ssh accepts one more key",
    ...byCommand(
      `ssh-keygen -q -t ed25519 -N "" -f /root/stray && cp -a /etc/ssh/authorized_keys.d/deploy /root/keys
       cat /root/stray.pub >>/etc/ssh/authorized_keys.d/deploy`,
      "mv /root/keys /etc/ssh/authorized_keys.d/deploy; rm /root/stray*",
    ),
    red: ["hardening: ssh accepts the configured keys alone"],
  },
  {
    name: "the server's own firewall accepts what no rule names",
    ...nft("add chain inet queuehost input { policy accept; }"),
    red: ({ app }) => [
      "hardening: the firewall drops what no rule names",
      ...(app === "shop" ? ["app: the application listens to nobody outside"] : []),
    ],
  },
  {
    name: "the server's own firewall lets a port in",
    ...nft("insert rule inet queuehost input tcp dport 5432 accept"),
    red: ["hardening: the firewall names ports 22, 80 and 443 alone"],
  },
  {
    name: "the server's own firewall lets UDP in",
    ...nft("insert rule inet queuehost input udp dport 5353 accept"),
    red: ["hardening: the firewall accepts only loopback, ICMP and DHCP besides"],
  },
  {
    name: "the server's own firewall lets in ssh from elsewhere",
    ...nft("add element inet queuehost ssh4 { 203.0.113.0/24 }"),
    red: ["hardening: the firewall names the configured ranges alone for ssh"],
  },
  {
    name: "the server's own firewall lets everybody reach ssh for good",
    ...nft("insert rule inet queuehost ssh accept"),
    red: ["hardening: the firewall lets others reach ssh as guests, for 12 h at most"],
  },
  {
    name: "somebody is a guest of ssh for days",
    ...nft("add element inet queuehost guests4 { 203.0.113.9 timeout 30d }"),
    red: ["hardening: the firewall lets others reach ssh as guests, for 12 h at most"],
  },
  {
    name: "the server's own firewall doesn't start at boot",
    ...byCommand("systemctl disable -q nftables", "systemctl enable -q nftables"),
    red: ["hardening: the firewall is active and starts at boot"],
  },
  {
    name: "the metadata address is open",
    ...nft("flush chain inet queuehost output"),
    red: ["hardening: the metadata address is closed to all but root"],
  },
  {
    name: "something listens on a port, behind the firewalls",
    ...byCommand(
      `systemd-run -q -u stray-8082 python3 -m http.server 8082; until_it "ss -Hltn 'sport = :8082' | grep -q ."`,
      "systemctl stop stray-8082",
    ),
    red: ["hardening: no other port is open to the outside"],
  },
  {
    name: "root has a password",
    ...edited("/etc/shadow", "s/^root:[^:]*/root:$6$salt$hash/"),
    red: ["hardening: root has no password"],
  },
  {
    name: "there is a second superuser",
    ...edited("/etc/passwd", "$ a second:x:0:0::/root:/usr/sbin/nologin"),
    red: ["hardening: root is the only superuser"],
  },
  {
    name: "a user has a password",
    ...edited("/etc/shadow", "s/^games:[^:]*/games:$6$salt$hash/"),
    red: ["hardening: no user has a password"],
  },
  {
    name: "the application's user can log in",
    ...edited("/etc/passwd", "s,^(app:.*:)[^:]*$,\\1/bin/bash,"),
    red: ["hardening: the application's user can't log in"],
  },
  {
    name: "security updates are off",
    ...byCommand(
      `echo 'APT::Periodic::Unattended-Upgrade "0";' >/etc/apt/apt.conf.d/99fault`,
      "rm /etc/apt/apt.conf.d/99fault",
    ),
    red: ["hardening: security updates install themselves"],
  },
  {
    name: "the journal isn't kept",
    ...byCommand(
      `mv ${JOURNAL} /var/log/journal-elsewhere`,
      `rm -rf ${JOURNAL}; mv /var/log/journal-elsewhere ${JOURNAL}`,
    ),
    red: ["hardening: the journal outlives a reboot", "proxy: requests are logged without their secrets"],
  },
  {
    name: "the kernel follows redirects",
    ...byCommand("sysctl -qw net.ipv4.conf.all.accept_redirects=1", "sysctl -qw net.ipv4.conf.all.accept_redirects=0"),
    red: ["hardening: the kernel settings are in force"],
  },
];
