import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";

const files = [
  { path: "/", name: "index.html", type: "text/html; charset=utf-8" },
  { path: "/page.js", name: "page.js", type: "text/javascript; charset=utf-8" },
  { path: "/style.css", name: "style.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", name: "icon.svg", type: "image/svg+xml" },
];

/** The page that shows the queue at work: its files, read once. */
export async function pageRoutes(app: FastifyInstance, publicDir: string): Promise<void> {
  for (const { path, name, type } of files) {
    const content = await readFile(join(publicDir, name));
    app.get(path, async (_request, reply) => {
      reply.type(type).header("cache-control", "no-cache");
      return content;
    });
  }
}
