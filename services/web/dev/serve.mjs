/* Serves dist the way nginx will (same addresses, same security headers) with the pretended API behind it.
 * For screenshots and browser tests: node dev/serve.mjs [port]; port 0 takes a free one and prints the address. */

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { createMock } from "./mock.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));

export const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; require-trusted-types-for 'script'";

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2" };

function fileFor(path) {
  if (path === "/") return "index.html";
  if (path === "/pricing") return "pricing.html";
  if (path === "/app" || path.startsWith("/app/")) return "app.html";
  if (path.startsWith("/assets/") || path.startsWith("/errors/")) return path.slice(1);
  return null;
}

export function serve(port = 0, scenario) {
  const mock = createMock(scenario);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    if (path.startsWith("/api/")) return void mock(request, response);
    const name = fileFor(path);
    const file = name && join(dist, normalize(name));
    const found = file && file.startsWith(dist) && existsSync(file) && statSync(file).isFile();
    const send = found ? file : join(dist, "errors/404.html");
    response.writeHead(found ? 200 : 404, {
      "Content-Type": types[extname(send)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer",
      "Cross-Origin-Opener-Policy": "same-origin",
      "Cross-Origin-Resource-Policy": "same-origin",
      "Cache-Control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
    });
    createReadStream(send).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(port, "127.0.0.1", () => resolve({ server, origin: `http://localhost:${server.address().port}` }));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { origin } = await serve(Number(process.argv[2] ?? 0));
  console.log(origin);
}
