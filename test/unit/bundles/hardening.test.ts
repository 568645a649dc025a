import { describe, expect, test } from "vitest";
import { type HardeningSettings, hardeningBundle } from "../../../infra/bundles/hardening";

const settings: HardeningSettings = {
  authorizedKeys: ["ssh-ed25519 AAAA deployment", "ssh-ed25519 BBBB anna@laptop\n", "ssh-ed25519 AAAA deployment"],
  sshAllowedFrom: ["203.0.113.7/32", "2001:db8::/32", "198.51.100.0/24"],
  packages: ["redis-server", "caddy", "sudo"],
};

const content = (path: string, changes: Partial<HardeningSettings> = {}) =>
  hardeningBundle({ ...settings, ...changes }).files.find((file) => file.path === path)?.content;

describe("the bundle of the host base", () => {
  test("its files", () => {
    expect(
      hardeningBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`),
    ).toMatchInlineSnapshot(`
      [
        "755 apply.sh",
        "644 authorized_keys",
        "644 etc/apt/apt.conf.d/52queuehost",
        "644 etc/issue",
        "644 etc/issue.net",
        "644 etc/modprobe.d/queuehost.conf",
        "644 etc/nftables.conf",
        "644 etc/security/limits.d/queuehost.conf",
        "644 etc/ssh/sshd_config.d/00-queuehost.conf",
        "644 etc/sudoers.d/queuehost",
        "644 etc/sysctl.d/80-queuehost.conf",
        "644 etc/systemd/journald.conf.d/queuehost.conf",
        "644 etc/systemd/system.conf.d/queuehost.conf",
        "644 lib.sh",
        "644 packages",
        "644 parts/checks.sh",
        "644 parts/firewall.sh",
        "644 parts/packages.sh",
        "644 parts/sessions.sh",
        "644 parts/sshd.sh",
        "644 parts/system.sh",
        "644 parts/users.sh",
      ]
    `);
  });

  test("the keys that log in, each once", () => {
    expect(content("authorized_keys")).toBe("ssh-ed25519 AAAA deployment\nssh-ed25519 BBBB anna@laptop\n");
  });

  test("the packages, its own and those of all others, each once", () => {
    expect(content("packages")).toBe("caddy\nnftables\nopenssh-server\nredis-server\nsudo\nunattended-upgrades\n");
  });

  test("sshd's configuration as a whole", () => {
    expect(content("etc/ssh/sshd_config.d/00-queuehost.conf")).toMatchInlineSnapshot(`
      "# Read before all other files of this folder, and sshd keeps the first value that it reads.

      # The key that travelled in user data is never offered again.
      HostKey /etc/ssh/ssh_host_ed25519_key
      HostKeyAlgorithms ssh-ed25519

      # Post-quantum key exchange, and one classical for clients that know no other yet (the npm library ssh2, paramiko).
      KexAlgorithms mlkem768x25519-sha256,sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com,curve25519-sha256
      Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr
      MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com,umac-128-etm@openssh.com
      CASignatureAlgorithms sk-ssh-ed25519@openssh.com,ssh-ed25519,rsa-sha2-512,rsa-sha2-256
      PubkeyAcceptedAlgorithms sk-ssh-ed25519@openssh.com,ssh-ed25519,sk-ecdsa-sha2-nistp256@openssh.com,ecdsa-sha2-nistp521,ecdsa-sha2-nistp384,ecdsa-sha2-nistp256,rsa-sha2-512,rsa-sha2-256
      RequiredRSASize 3072

      # One user, keys only, and only the keys of the configuration: whoever breaks into that account can't add one for later.
      AllowUsers deploy
      PermitRootLogin no
      AuthenticationMethods publickey
      PasswordAuthentication no
      KbdInteractiveAuthentication no
      PermitEmptyPasswords no
      AuthorizedKeysFile /etc/ssh/authorized_keys.d/%u
      PermitUserEnvironment no
      PermitUserRC no

      # ssh -L to this server's own loopback is how Redis and the dashboards are reached; it is no stepping stone to elsewhere.
      AllowTcpForwarding local
      PermitOpen 127.0.0.1:* localhost:*
      AllowAgentForwarding no
      AllowStreamLocalForwarding no
      GatewayPorts no
      PermitTunnel no
      X11Forwarding no

      Compression no
      DebianBanner no
      UseDNS no
      TCPKeepAlive no
      ClientAliveInterval 60
      ClientAliveCountMax 2
      LogLevel VERBOSE
      LoginGraceTime 30
      MaxSessions 10
      MaxStartups 20:30:100

      # Guessing is slowed down. Whoever may operate this server isn't shut out by a wrong key or by the checks of the deployment:
      # penalties count from 30 s on, and named ranges are exempt (a range of all addresses is not).
      PerSourcePenalties crash:90s authfail:5s noauth:1s grace-exceeded:20s max:10m min:30s
      PerSourcePenaltyExemptList 127.0.0.0/8,::1,203.0.113.7/32,2001:db8::/32,198.51.100.0/24
      "
    `);
  });

  test("the firewall as a whole", () => {
    expect(content("etc/nftables.conf")).toMatchInlineSnapshot(`
      "#!/usr/sbin/nft -f
      # Only this table is replaced, in one step: rules of others stay, open connections too.
      table inet queuehost
      delete table inet queuehost

      table inet queuehost {
      	set ssh4 {
      		type ipv4_addr
      		flags interval
      		auto-merge
      		elements = { 203.0.113.7/32, 198.51.100.0/24 }
      	}

      	set ssh6 {
      		type ipv6_addr
      		flags interval
      		auto-merge
      		elements = { 2001:db8::/32 }
      	}

      	# Guests of ssh: addresses that no range names, and that the cloud's firewall lets in for a while (\`queuehost allow-me\`).
      	# When an entry ends, every session from there does: allow-me says when, and nobody stays for more than half a day.
      	set guests4 {
      		type ipv4_addr
      		flags dynamic,timeout
      		timeout 12h
      		size 1024
      	}

      	set guests6 {
      		type ipv6_addr
      		flags dynamic,timeout
      		timeout 12h
      		size 1024
      	}

      	# The packets of open connections come here as well: an address that isn't in the sets any more is out.
      	chain ssh {
      		ip saddr @ssh4 accept
      		ip6 saddr @ssh6 accept
      		ip saddr @guests4 accept
      		ip6 saddr @guests6 accept
      		# Who arrives is the cloud's firewall to say. Were it gone, guessing keys would be slow.
      		meta l4proto tcp ct state != new reject with tcp reset
      		limit rate over 10/minute burst 10 packets drop
      		add @guests4 { ip saddr } accept
      		add @guests6 { ip6 saddr } accept
      	}

      	chain input {
      		type filter hook input priority filter; policy drop;

      		iif lo accept
      		ct state invalid drop
      		tcp dport 22 goto ssh
      		ct state { established, related } accept
      		icmp type { echo-request, destination-unreachable, time-exceeded, parameter-problem } accept
      		meta l4proto ipv6-icmp accept
      		udp sport 67 udp dport 68 accept comment "DHCP"
      		ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept comment "DHCPv6"
      		tcp dport { 80, 443 } accept
      	}

      	chain forward {
      		type filter hook forward priority filter; policy drop;
      	}

      	chain output {
      		type filter hook output priority filter; policy accept;

      		# The metadata service tells user data to whoever asks. A reset is an answer at once; an ICMP message is retried for 1 s.
      		ip daddr 169.254.169.254 meta skuid != 0 meta l4proto tcp counter reject with tcp reset
      		ip daddr 169.254.169.254 meta skuid != 0 counter reject
      	}
      }
      "
    `);
  });

  test("a family of addresses without a range: its set is empty, and no one gets in by it", () => {
    expect(content("etc/nftables.conf", { sshAllowedFrom: ["203.0.113.7/32"] })).toContain(
      "set ssh6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n\t\tauto-merge\n\t}",
    );
  });

  test("a range of all addresses isn't exempt from sshd's penalties", () => {
    expect(content("etc/ssh/sshd_config.d/00-queuehost.conf", { sshAllowedFrom: ["0.0.0.0/0", "::/0"] })).toContain(
      "\nPerSourcePenaltyExemptList 127.0.0.0/8,::1\n",
    );
  });

  test("updates as a whole: security alone, and no reboot", () => {
    expect(content("etc/apt/apt.conf.d/52queuehost")).toMatchInlineSnapshot(`
      "// Security updates daily and by themselves; all other updates are the operator's.
      APT::Periodic::Update-Package-Lists "1";
      APT::Periodic::Unattended-Upgrade "1";
      APT::Periodic::AutocleanInterval "7";
      #clear Unattended-Upgrade::Origins-Pattern;
      Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=\${distro_codename}-security,label=Debian-Security"; };
      Unattended-Upgrade::Remove-Unused-Kernel-Packages "true";
      Unattended-Upgrade::SyslogEnable "true";
      // Never a reboot that nobody asked for.
      Unattended-Upgrade::Automatic-Reboot "false";
      Unattended-Upgrade::Automatic-Reboot-WithUsers "false";
      Unattended-Upgrade::Automatic-Reboot-Time "now";
      "
    `);
  });

  test("a reboot for updates where a time is given", () => {
    const updates = content("etc/apt/apt.conf.d/52queuehost", { rebootTime: "03:30" });
    expect(updates).toContain('Automatic-Reboot "true";');
    expect(updates).toContain('Automatic-Reboot-Time "03:30";');
  });

  test("equal settings are equal bundles; another range is another", () => {
    expect(hardeningBundle({ ...settings }).digest).toBe(hardeningBundle(settings).digest);
    expect(hardeningBundle({ ...settings, sshAllowedFrom: ["203.0.113.8/32"] }).digest).not.toBe(
      hardeningBundle(settings).digest,
    );
  });
});
