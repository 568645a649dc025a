// Long, because whole rendered Caddyfiles stand in it: what is asserted is all of what a server gets.
import { expect, test } from "vitest";
import { type ProxySettings, proxyBundle } from "../../../infra/bundles/proxy";

const settings: ProxySettings = {
  name: "tiny",
  port: 3000,
  instances: 2,
  healthPath: "/health",
  maxBody: "25mb",
  backend: true,
  domains: [],
  certificates: "public",
};

const file = (name: string, changes: Partial<ProxySettings> = {}) =>
  proxyBundle({ ...settings, ...changes }).files.find(({ path }) => path === name)?.content ?? "";
/** What is between the braces of a part of the Caddyfile. */
const part = (head: string, changes: Partial<ProxySettings> = {}) =>
  new RegExp(`^${head.replaceAll(/[(){}.]/g, "\\$&")} \\{\n([^]*?)^\\}`, "m")
    .exec(file("Caddyfile", changes))?.[1]
    ?.replaceAll(/^\t/gm, "")
    .trim();
/** What stands after the parts: the sites. */
const sites = (changes: Partial<ProxySettings> = {}) => {
  const text = file("Caddyfile", changes);
  return text.slice(text.indexOf("}\n\n", text.indexOf("(elsewhere)")) + 3).trim();
};

test("the files of the proxy", () => {
  expect(proxyBundle(settings).files.map(({ path, mode }) => `${mode.toString(8)} ${path}`)).toEqual([
    "644 Caddyfile",
    "755 apply.sh",
    "644 lib.sh",
    "644 names.sh",
    "644 queuehost.conf",
    "644 settings.sh",
    "644 sysctl.conf",
  ]);
});

test("the Caddyfile as a whole", () => {
  expect(
    file("Caddyfile", { static: "public", spa: true, domains: ["app.example.org", "www.example.org"] }),
  ).toMatchInlineSnapshot(`
    "# What stands in front of the application. Which site imports what is at the end.
    {
    	# No port that any local user could command the proxy through.
    	admin unix//run/caddy/admin.sock
    	auto_https disable_redirects
    	skip_install_trust
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
    		# HTTP/3 would need UDP, which neither firewall lets in.
    		protocols h1 h2
    		timeouts {
    			read_header 10s
    			read_body 60s
    			# No limit on writing: a live page may stay open as long as its reader does.
    			idle 2m
    		}
    		max_header_size 16KB
    	}
    }

    # Each part stands after those that it is made of: the parser wants it so.
    (every) {
    	log

    	# The client's own id, where it is one; the log has no field for it, so it stands in that of the user, which nothing else here
    	# fills in.
    	map {http.request.header.X-Request-Id} {request_id} {http.auth.user.id} {
    		~^([A-Za-z0-9][A-Za-z0-9._-]{7,63})$ "\${1}" "\${1}"
    		default {http.request.uuid} {http.request.uuid}
    	}
    	request_header X-Request-Id {request_id}
    	header {
    		-Server
    		-X-Powered-By
    		-Via
    		X-Request-Id {request_id}
    		defer
    	}

    	# What address a request comes from, said to whoever asks: nothing but the connection tells it.
    	handle /.queuehost/address {
    		header Cache-Control no-store
    		respond "{http.request.remote.host}
    " 200
    	}

    	handle_errors {
    		header {
    			-Server
    			Cache-Control no-store
    			X-Content-Type-Options nosniff
    			X-Request-Id {request_id}
    		}
    		respond "{http.error.status_code} {http.error.status_text}" {http.error.status_code}
    	}
    }

    # How long what lies in a folder stays good: for ever where its name changes with its contents, otherwise until the next look.
    (serve) {
    	route {
    		@lasting {
    			path_regexp [.-][0-9a-f]{8,64}\\.[a-z0-9]+(\\.map)?$|/assets/[^/]*[.-][A-Za-z0-9_-]{8}\\.(js|mjs|css|woff2?)(\\.map)?$|^/(_next/static|_nuxt)/
    			# A day is no digest.
    			not path_regexp [.-](19|20)[0-9]{6}\\.[a-z0-9]+$
    		}
    		header Cache-Control no-cache
    		header @lasting Cache-Control "public, max-age=31536000, immutable"
    		root * {args.0}
    		file_server {
    			precompressed zstd br gzip
    		}
    	}
    }

    # What lies in the folder and isn't hidden. Everything else, and every request that isn't for reading, is another's.
    (files) {
    	@file {
    		method GET HEAD
    		not path */.*
    		file {
    			root /srv/tiny/current/public
    			try_files {path} {path}/index.html
    		}
    	}
    	handle @file {
    		import serve /srv/tiny/current/public
    	}
    	# A page of the release before still asks for its parts.
    	@former {
    		method GET HEAD
    		not path */.*
    		path *.js *.mjs *.css *.map *.wasm *.woff *.woff2 *.ttf *.otf *.svg *.png *.jpg *.jpeg *.gif *.webp *.avif *.ico
    		file {
    			root /srv/tiny/previous/public
    			try_files {path}
    		}
    	}
    	handle @former {
    		import serve /srv/tiny/previous/public
    	}
    }

    # A single-page app's one page, for whoever asks for a page.
    (page) {
    	@page {
    		method GET
    		header Accept *text/html*
    		not path */.*
    		file {
    			root /srv/tiny/current/public
    			try_files /index.html
    		}
    	}
    	handle @page {
    		rewrite * /index.html
    		import serve /srv/tiny/current/public
    	}
    }

    (instances) {
    	lb_policy round_robin
    	# An instance that doesn't listen is passed over at once, and while none does, requests wait rather than fail. No instance
    	# is put aside for a failure: a client could have that done with a body that it doesn't finish.
    	lb_try_duration 10s
    	lb_try_interval 25ms
    	transport http {
    		dial_timeout 2s
    		# Less than the 5 s after which Node closes what nobody uses: a POST that meets a connection being closed is lost.
    		keepalive 3s
    	}
    }

    # With the page for what the backend doesn't know.
    (instancesOrPage) {
    	@unknown status 404
    	handle_response @unknown {
    		import page
    		handle {
    			copy_response
    		}
    	}
    	import instances
    }

    # Sets X-Forwarded-For, -Proto and -Host itself; what a client claims in them is dropped, since no proxy is trusted here. Which
    # side is live is looked up for each request: a switch of releases is one rename, and no reload.
    (backend) {
    	# A first attempt that nobody listens to closes the body, and the next one would find none. One that was read as a variable
    	# can be sent by any attempt; a big one isn't held in memory for that.
    	@small expression \`{http.request.header.Content-Length} != "" && int({http.request.header.Content-Length}) <= 65536\`
    	vars @small body {http.request.body}

    	@sideb file {
    		root /srv/tiny/live
    		try_files /b
    	}
    	handle @sideb {
    		reverse_proxy 127.0.0.1:3008 127.0.0.1:3009 {
    			import instancesOrPage
    		}
    	}
    	handle {
    		reverse_proxy 127.0.0.1:3000 127.0.0.1:3001 {
    			import instancesOrPage
    		}
    	}
    }

    (nobody) {
    	handle {
    		error 404
    	}
    }

    (application) {
    	import every

    	# Where the application doesn't say it itself. One directive each: in a block together, Caddy adds none of them as soon as
    	# one is there.
    	header ?X-Content-Type-Options nosniff
    	header ?X-Frame-Options SAMEORIGIN
    	header ?Referrer-Policy strict-origin-when-cross-origin
    	header ?Permissions-Policy "camera=(), geolocation=(), microphone=()"

    	# Not what comes bit by bit: it would be held back.
    	@whole not header Accept text/event-stream*
    	encode @whole {
    		zstd
    		gzip
    		match {
    			header Content-Type text/html*
    			header Content-Type text/css*
    			header Content-Type text/plain*
    			header Content-Type text/csv*
    			header Content-Type text/xml*
    			header Content-Type text/javascript*
    			header Content-Type application/javascript*
    			header Content-Type application/json*
    			header Content-Type application/manifest+json*
    			header Content-Type application/xml*
    			header Content-Type application/wasm*
    			header Content-Type image/svg+xml*
    		}
    	}

    	# The page says itself when to come again: a template, so that it is filled in whatever was asked for, and however.
    	@maintenance file {
    		root /srv/tiny/maintenance
    		try_files /index.html
    	}
    	handle @maintenance {
    		method GET
    		header Content-Type "text/html; charset=utf-8"
    		header Cache-Control no-store
    		templates {
    			root /srv/tiny/maintenance
    		}
    		respond \`{{include "/index.html"}}\` 503
    	}

    	# What says how long it is, is refused before anything is sent on; the rest as soon as it is too long.
    	@large expression \`{http.request.header.Content-Length} != "" && int({http.request.header.Content-Length}) > 26214400\`
    	handle @large {
    		error 413
    	}
    	request_body {
    		max_size 26214400B
    	}

    	import files
    	import backend
    }

    (by-https) {
    	header ?Strict-Transport-Security max-age=31536000
    }

    # To the application's own name: no password or cookie goes over plain HTTP, and no page exists under two names.
    (elsewhere) {
    	import every
    	handle {
    		redir https://app.example.org{uri} 308
    	}
    }

    https://app.example.org {
    	import by-https
    	import application
    }

    https://www.example.org {
    	import by-https
    	import elsewhere
    }

    http://:80 {
    	import elsewhere
    }
    "
  `);
});

test("plain HTTP where there is no domain", () => {
  expect(sites()).toBe("http://:80 {\n\timport application\n}");
  expect(file("Caddyfile")).toMatch(/^\tauto_https off$/m);
});

test("a domain has HTTPS; further names and plain HTTP lead there", () => {
  const changes = { domains: ["app.example.org", "www.example.org", "example.org"], email: "ops@example.org" };
  expect(sites(changes)).toMatchInlineSnapshot(`
    "https://app.example.org {
    	import by-https
    	import application
    }

    https://www.example.org, https://example.org {
    	import by-https
    	import elsewhere
    }

    http://:80 {
    	import elsewhere
    }"
  `);
  expect(part("(elsewhere)", changes)).toContain("redir https://app.example.org{uri} 308");
  expect(file("Caddyfile", changes)).toContain(
    "\tauto_https disable_redirects\n\tskip_install_trust\n\temail ops@example.org\n",
  );
});

test("certificates of the server's own", () => {
  expect(sites({ domains: ["app.test"], certificates: "internal" })).toMatchInlineSnapshot(`
    "https://app.test {
    	tls internal
    	import by-https
    	import application
    }

    http://:80 {
    	import elsewhere
    }"
  `);
});

test("each instance of both sides gets requests, and whose is looked up for each", () => {
  expect(part("(backend)", { port: 4000, instances: 3 })).toMatchInlineSnapshot(`
    "# A first attempt that nobody listens to closes the body, and the next one would find none. One that was read as a variable
    # can be sent by any attempt; a big one isn't held in memory for that.
    @small expression \`{http.request.header.Content-Length} != "" && int({http.request.header.Content-Length}) <= 65536\`
    vars @small body {http.request.body}

    @sideb file {
    	root /srv/tiny/live
    	try_files /b
    }
    handle @sideb {
    	reverse_proxy 127.0.0.1:4008 127.0.0.1:4009 127.0.0.1:4010 {
    		import instances
    	}
    }
    handle {
    	reverse_proxy 127.0.0.1:4000 127.0.0.1:4001 127.0.0.1:4002 {
    		import instances
    	}
    }"
  `);
});

test.each<[Partial<ProxySettings>, string]>([
  [{}, "import backend"],
  [{ backend: false }, "import nobody"],
  [{ static: "public" }, "import files\n\timport backend"],
  [{ static: "public", backend: false }, "import files\n\timport nobody"],
  [{ static: "public", backend: false, spa: true }, "import files\n\timport page\n\timport nobody"],
])("who answers with %j", (changes, imports) => {
  expect(file("Caddyfile", changes)).toContain(`\n\n\t${imports}\n}\n`);
});

test("the folder of static files is that of the release in service, and of the one before", () => {
  const text = file("Caddyfile", { static: "web/public" });
  expect(text).toContain("import serve /srv/tiny/current/web/public\n");
  expect(text).toContain("import serve /srv/tiny/previous/web/public\n");
});

test("only a single-page app answers for what the backend doesn't know", () => {
  expect(part("(backend)", { static: "public" })).toContain("import instances\n");
  expect(part("(backend)", { static: "public", spa: true })).toContain("import instancesOrPage\n");
});

test.each([
  ["25mb", 26_214_400],
  ["512kb", 524_288],
  ["1gb", 1_073_741_824],
])("a body of at most %s is let through", (maxBody, bytes) => {
  expect(file("Caddyfile", { maxBody })).toContain(`max_size ${bytes}B\n`);
  expect(file("Caddyfile", { maxBody })).toContain(`> ${bytes}\``);
});

test("what apply.sh is told", () => {
  const changes = { domains: ["app.example.org", "example.org"], zone: true };
  expect(file("settings.sh", changes)).toMatchInlineSnapshot(`
    "# shellcheck shell=sh disable=SC2034 # whom it stands in front of; read by apply.sh
    name='tiny'
    backend='yes'
    port='3000'
    health_path='/health'
    # Host names, the application's own first; without any, plain HTTP on the address.
    domains='app.example.org example.org'
    certificates='public'
    # Whether the records of the names are made together with the server: then they may be some seconds old.
    zone='yes'
    "
  `);
});

test("the unit's drop-in as a whole", () => {
  expect(file("queuehost.conf")).toMatchInlineSnapshot(`
    "# Beside Debian's caddy.service. Ports from 80 on are free to open (60-queuehost-proxy.conf), so that no capability is needed.
    [Unit]
    StartLimitIntervalSec=0

    [Service]
    # Debian's line prints the whole environment to the journal.
    ExecStart=
    ExecStart=/usr/bin/caddy run --config /etc/caddy/Caddyfile
    # The access log is written under load, too.
    LogRateLimitIntervalSec=0
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
  const refused = (changes: Partial<ProxySettings>) => expect(() => proxyBundle({ ...settings, ...changes }));
  refused({ maxBody: "25mb\n}" }).toThrow(/^maxBody: should match/);
  refused({ healthPath: "/a'; reboot #" }).toThrow(/^healthPath: should match/);
  refused({ static: "../.." }).toThrow(/^static: should match/);
  refused({ name: "../tiny" }).toThrow(/^app.name: should match/);
  refused({ domains: ["app.example.org {"] }).toThrow(/^domains: should match/);
  refused({ domains: ["a.example.org"], email: "a@b.c\n}" }).toThrow(/^email: should match/);
  refused({ instances: 9 }).toThrow(/^instances: should be 1 to 8, got 9/);
});
