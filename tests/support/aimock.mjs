// SPDX-License-Identifier: MIT
// aimock.mjs PORT DELAY_MS FIXTURES: runs @copilotkit/aimock until stdin closes, and says where on stdout.
import { readFileSync } from "node:fs";
import { LLMock } from "@copilotkit/aimock";

const [port, latency, fixtures] = process.argv.slice(2);
const mock = new LLMock({ port: Number(port), latency: Number(latency), chunkSize: 8, logLevel: "warn" });
for (const { match, response, ...options } of JSON.parse(readFileSync(fixtures, "utf8")).fixtures) {
  mock.on(match, response, options);
}
await mock.start();
console.log(JSON.stringify({ url: mock.url }));
process.stdin.resume().on("end", async () => {
  await mock.stop();
  process.exit(0);
});
