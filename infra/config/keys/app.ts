import { key } from "../key";
import { kinds } from "../kinds";

/** The application and how it runs. */
export const APP_KEYS = {
  "app.name": key({
    kind: kinds.appName,
    default: "queuehost",
    example: "intranet",
    description: "Name of the application: units <name>-backend@... and <name>-worker@..., folder /srv/<name>",
  }),
  "app.path": key({
    kind: kinds.path,
    optional: true,
    example: "../intranet",
    description:
      "Folder of the application, relative to the project's; a clone of this repository may do without it: the reference application, for which the commands below needn't be set",
  }),
  "app.build": key({
    kind: kinds.command,
    optional: true,
    example: "npm run build",
    description:
      "Command that builds it on the operator's machine, or none; otherwise its script build, where there is one",
  }),
  "app.output": key({
    kind: kinds.folder,
    optional: true,
    example: "dist",
    description:
      "Folder that the build writes and that needs nothing else, such as bundles; without it, all files travel with their production dependencies",
  }),
  "app.backend": key({
    kind: kinds.command,
    optional: true,
    example: "node dist/server.js",
    description: "Command of the backend, which listens on PORT; without it there is none",
  }),
  "app.worker": key({
    kind: kinds.command,
    optional: true,
    example: "node dist/worker.js",
    description: "Command of the workers; further groups are app.worker.<group>",
  }),
  "app.migrate": key({
    kind: kinds.command,
    optional: true,
    example: "npm run migrate",
    description: "Command that runs once on the server before a new release takes over",
  }),
  "app.smokeTest": key({
    kind: kinds.command,
    optional: true,
    example: "node smoke.js",
    description:
      "Command with which the verification proves on the server that the application works: exit code 0 within 30 s",
  }),
  "app.health": key({
    kind: kinds.urlPath,
    default: "/health",
    example: "/health",
    description: "Path at which the backend answers 200 to 399 once it serves",
  }),
  "app.port": key({
    kind: kinds.integer(1024, 65_535),
    default: "3000",
    example: "3000",
    description: "PORT of the first instance of the backend, on localhost; the others take ports up to 15 above it",
  }),
  "app.node": key({
    kind: kinds.choice("22", "24"),
    default: "24",
    example: "24",
    description: "Major version of Node that builds and runs it",
  }),
  "app.packages": key({
    kind: kinds.debianPackages,
    optional: true,
    example: "ghostscript",
    description: "Debian packages that it needs, separated by commas",
  }),
  "app.folders": key({
    kind: kinds.folders,
    optional: true,
    example: "uploads, exports",
    description: "Its folders that outlive a release, separated by commas",
  }),
  "app.static": key({
    kind: kinds.folder,
    optional: true,
    example: "public",
    description: "Its folder of files that the proxy serves itself; what isn't there goes to the backend",
  }),
  "app.spa": key({
    kind: kinds.flag,
    default: "false",
    example: "true",
    description: "Whether app.static is a single-page app: its index.html answers for pages that are no file",
  }),
  "app.release": key({
    kind: kinds.pattern(/^[0-9a-f]{12}$/, "the id of a release, 12 hex digits"),
    optional: true,
    example: "0123456789ab",
    description:
      "A release that the server keeps and that is held, whatever the sources are: rollback sets it, deploy takes it out",
  }),
  "app.keepReleases": key({
    kind: kinds.integer(2, 50),
    default: "5",
    example: "5",
    description: "Releases that stay on the server, to go back to",
  }),
  "app.maxArtefact": key({
    kind: kinds.size,
    default: "500mb",
    example: "500mb",
    description: "Largest release that is sent to the server, compressed",
  }),
  processManager: key({
    kind: kinds.choice("systemd", "pm2"),
    default: "systemd",
    example: "pm2",
    description: "What runs the processes: systemd, with a sandbox and limits for each, or PM2",
  }),
} as const;
