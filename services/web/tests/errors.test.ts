import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api/errors";
import { call, onSessionTrouble, setCsrfToken } from "../src/api/http";
import { explain, explainedCodes } from "../src/state/explain";

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

function answering(...answers: (Response | Error)[]) {
  const asked: [string, RequestInit][] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    asked.push([path, init]);
    const next = answers.shift();
    if (next instanceof Error) throw next;
    return next!;
  });
  return asked;
}

afterEach(() => vi.unstubAllGlobals());

const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(() => Promise.reject(new Error("did not fail")), (error: ApiError) => error);

describe("call", () => {
  it("keeps code, param, details and request id of a refusal", async () => {
    answering(json(422, { error: { type: "t", code: "provider_mismatch", message: "no", param: "model", details: { choices: ["openai"] } } }, { "X-Request-Id": "r1", "Retry-After": "7" }));
    const error = await failure(call("GET", "/api/x"));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, code: "provider_mismatch", param: "model", details: { choices: ["openai"] }, requestId: "r1", retryAfter: 7 });
  });

  it("understands a refusal that is not JSON by its status", async () => {
    answering(new Response("<html>Bad gateway</html>", { status: 502 }));
    expect(await failure(call("GET", "/api/x"))).toMatchObject({ status: 502, code: "unavailable" });
  });

  it("says network when nothing answers", async () => {
    answering(new TypeError("Failed to fetch"));
    expect(await failure(call("GET", "/api/x"))).toMatchObject({ status: 0, code: "network" });
  });

  it("sends the CSRF token with mutations only", async () => {
    setCsrfToken("tok");
    const asked = answering(json(200, {}), new Response(null, { status: 204 }));
    await call("GET", "/api/x");
    await call("DELETE", "/api/x");
    expect(asked[0]![1].headers).not.toHaveProperty("X-Grove-CSRF");
    expect(asked[1]![1].headers).toMatchObject({ "X-Grove-CSRF": "tok", "Content-Type": "application/json" });
  });

  it("renews a stale CSRF token once and tries again", async () => {
    const renew = vi.fn(async () => setCsrfToken("new"));
    onSessionTrouble({ renew, unauthenticated: () => undefined });
    const stale = () => json(403, { error: { code: "csrf_failed", message: "stale" } });
    const asked = answering(stale(), json(200, { ok: 1 }));
    expect(await call("POST", "/api/x", { body: { a: 1 } })).toEqual({ ok: 1 });
    expect(asked[1]![1].headers).toMatchObject({ "X-Grove-CSRF": "new" });
    answering(stale(), stale());
    expect(await failure(call("POST", "/api/x"))).toMatchObject({ code: "csrf_failed" });
  });

  it("does not repeat other refusals and reports a lost sign-in", async () => {
    const unauthenticated = vi.fn();
    onSessionTrouble({ renew: async () => undefined, unauthenticated });
    const asked = answering(json(403, { error: { code: "byok_required", message: "no" } }));
    expect(await failure(call("POST", "/api/x"))).toMatchObject({ code: "byok_required" });
    expect(asked).toHaveLength(1);
    answering(json(401, { error: { code: "unauthenticated", message: "no" } }));
    await failure(call("GET", "/api/x"));
    expect(unauthenticated).toHaveBeenCalledOnce();
  });
});

describe("explain", () => {
  it("has words and a next step for every code it knows", () => {
    for (const code of explainedCodes) {
      const { title, hint } = explain(new ApiError(400, { code, message: "The server's words." }));
      expect(title.length, code).toBeGreaterThan(5);
      expect(hint.length, code).toBeGreaterThan(5);
      expect(title, code).not.toMatch(/_|\.$/);
    }
  });

  it("says something for codes it has never heard of", () => {
    expect(explain(new ApiError(418, { code: "teapot", message: "Short and stout." })).hint).toBe("Short and stout.");
    expect(explain(new ApiError(500, { code: "odd", message: "x" })).remedy).toBe("retry");
  });
});
