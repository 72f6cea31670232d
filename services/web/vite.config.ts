import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/* Every page applies the stored theme before its first paint. The policy forbids inline scripts, so
 * the few lines are a blocking script of their own, hashed like everything else under /assets/. */
function themeScript(): Plugin {
  const file = at("./src/boot/theme.js");
  let serving = false;
  const name = () =>
    `assets/theme-${createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 8)}.js`;

  return {
    name: "grove-theme-script",
    configResolved(config) {
      serving = config.command === "serve";
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: name(), source: readFileSync(file) });
    },
    transformIndexHtml: {
      order: "post",
      handler: () => [
        {
          tag: "script",
          attrs: { src: serving ? "/src/boot/theme.js" : `/${name()}` },
          injectTo: "head-prepend",
        },
      ],
    },
  };
}

/* In development the page and the pretended server share one origin: `npm run dev` needs no daemon. */
function mockServer(): Plugin {
  return {
    name: "grove-mock-server",
    apply: "serve",
    async configureServer(server) {
      if (process.env.GROVE_API || process.env.VITEST) return;
      const { createMock } = await import("./dev/mock.mjs");
      const mock = createMock();
      server.middlewares.use((request, response, next) => {
        const path = (request.url ?? "/").split("?")[0] ?? "/";
        if (path.startsWith("/api/")) return void mock(request, response);
        if (path === "/app" || path.startsWith("/app/")) request.url = "/app.html";
        if (path === "/pricing") request.url = "/pricing.html";
        next();
      });
    },
  };
}

export default defineConfig({
  appType: "mpa",
  plugins: [themeScript(), mockServer()],
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: {
    host: "127.0.0.1",
    proxy: process.env.GROVE_API ? { "/api": process.env.GROVE_API } : undefined,
  },
  // Read by Vitest only. Node 18 has no global crypto; a loaded machine may be slow.
  ...{ test: { include: ["tests/**/*.test.{ts,tsx}"], setupFiles: ["./tests/setup.ts"], testTimeout: 60_000 } },
  build: {
    target: "es2022",
    assetsInlineLimit: 0, // fonts and icons as data: URLs would break the content security policy
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: {
        index: at("./index.html"),
        pricing: at("./pricing.html"),
        app: at("./app.html"),
        e401: at("./errors/401.html"),
        e404: at("./errors/404.html"),
        e50x: at("./errors/50x.html"),
      },
    },
  },
});
