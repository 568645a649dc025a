import { expect, test } from "vitest";
import { type ProxySettings, proxyBundle } from "../../../infra/bundles/proxy";

const settings = { port: 3000, healthPath: "/health", maxBody: "25MB", backend: true };

test("the files of the proxy", () => {
  expect(proxyBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
    "644 Caddyfile",
    "755 apply.sh",
    "644 lib.sh",
    "644 queuehost.conf",
    "644 settings.sh",
    "644 sysctl.conf",
  ]);
});

test("the Caddyfile as a whole", () => {
  expect(proxyBundle(settings).files.find(({ path }) => path === "Caddyfile")?.content).toMatchInlineSnapshot(`
    "# What stands in front of the application. Plain HTTP; a domain with HTTPS will be a site of its own beside this one.
    {
    	# No port that any local user could command the proxy through.
    	admin unix//run/caddy/admin.sock
    	auto_https off
    	grace_period 10s
    	# To stderr, and with it to the journal. Headers and query strings can hold secrets and stay out, of errors too.
    	log {
    		output stderr
    		format filter {
    			wrap json
    			fields {
    				request>headers delete
    				resp_headers delete
    				request>uri regexp \\?.* ?...
    			}
    		}
    	}
    	servers {
    		timeouts {
    			read_header 10s
    			read_body 60s
    			# No limit on writing: a live page may stay open as long as its reader does.
    			idle 2m
    		}
    		max_header_size 16KB
    	}
    }

    (files) {
    	# What lies in the folder and isn't hidden. Everything else, and every request that isn't for reading, is another's.
    	@file {
    		method GET HEAD
    		not path */.*
    		file {
    			root /nonexistent
    			try_files {path} {path}/index.html
    		}
    	}
    	handle @file {
    		root * /nonexistent
    		file_server
    	}
    }

    (backend) {
    	handle {
    		# Sets X-Forwarded-For, -Proto and -Host itself; what a client claims in them is dropped, since no proxy is trusted here.
    		reverse_proxy 127.0.0.1:3000 {
    			# While the backend restarts, requests wait for it rather than fail.
    			lb_try_duration 10s
    			lb_try_interval 100ms
    			transport http {
    				dial_timeout 2s
    			}
    		}
    	}
    }

    (nobody) {
    	handle {
    		error 404
    	}
    }

    http://:80 {
    	log

    	header {
    		-Server
    		-X-Powered-By
    		defer
    	}
    	# Where the application doesn't say it itself. One directive each: in a block together, Caddy adds none of them as soon as
    	# one is there.
    	header ?X-Content-Type-Options nosniff
    	header ?X-Frame-Options SAMEORIGIN
    	header ?Referrer-Policy strict-origin-when-cross-origin
    	header ?Permissions-Policy "camera=(), geolocation=(), microphone=()"

    	request_body {
    		max_size 25MB
    	}

    	encode zstd gzip

    	import backend

    	handle_errors {
    		header {
    			-Server
    			Cache-Control no-store
    			X-Content-Type-Options nosniff
    		}
    		respond "{http.error.status_code} {http.error.status_text}" {http.error.status_code}
    	}
    }
    "
  `);
});

test.each<[Partial<ProxySettings>, string]>([
  [{ static: "/srv/tiny/current/public" }, "import files\n\timport backend"],
  [{ static: "/srv/tiny/current/public", backend: false }, "import files\n\timport nobody"],
  [{ backend: false }, "import nobody"],
])("who answers with %j", (changes, imports) => {
  const text = proxyBundle({ ...settings, ...changes }).files.find(({ path }) => path === "Caddyfile")?.content ?? "";
  expect(text.slice(text.indexOf("http://:80"))).toContain(`\tencode zstd gzip\n\n\t${imports}\n\n`);
  expect(text).toContain(`root * ${changes.static ?? "/nonexistent"}\n`);
});

test("the unit's drop-in as a whole", () => {
  expect(proxyBundle(settings).files.find(({ path }) => path === "queuehost.conf")?.content).toMatchInlineSnapshot(`
    "# Beside Debian's caddy.service. Ports from 80 on are free to open (60-queuehost-proxy.conf), so that no capability is needed.
    [Unit]
    StartLimitIntervalSec=0

    [Service]
    # Debian's line prints the whole environment to the journal.
    ExecStart=
    ExecStart=/usr/bin/caddy run --config /etc/caddy/Caddyfile
    Restart=always
    RestartSec=1
    RuntimeDirectory=caddy
    RuntimeDirectoryMode=0700
    StateDirectory=caddy
    StateDirectoryMode=0700
    TimeoutStopSec=15
    UMask=0077

    NoNewPrivileges=yes
    CapabilityBoundingSet=
    AmbientCapabilities=
    ProtectSystem=strict
    ProtectHome=yes
    PrivateTmp=yes
    PrivateDevices=yes
    PrivateUsers=yes
    ProtectHostname=yes
    ProtectClock=yes
    ProtectKernelTunables=yes
    ProtectKernelModules=yes
    ProtectKernelLogs=yes
    ProtectControlGroups=yes
    ProtectProc=invisible
    ProcSubset=pid
    RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    RemoveIPC=yes
    KeyringMode=private
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    SystemCallFilter=~@privileged @resources
    SystemCallErrorNumber=EPERM
    "
  `);
});

test("a setting that a Caddyfile or a shell could take for more is refused", () => {
  expect(() => proxyBundle({ ...settings, maxBody: "25MB\n}" })).toThrow(/^maxBody: should match/);
  expect(() => proxyBundle({ ...settings, healthPath: "/a'; reboot #" })).toThrow(/^healthPath: should match/);
  expect(() => proxyBundle({ ...settings, static: "/srv/x/current/../../.." })).toThrow(/^static: should match/);
});
