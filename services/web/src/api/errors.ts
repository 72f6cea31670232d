/* One class for everything that can go wrong between the page and the server. */

export interface ErrorBody {
  type?: string;
  code: string;
  message: string;
  param?: string;
  details?: Record<string, unknown>;
}

/* `status` is 0 when no answer came at all; `code` is then "network". */
export class ApiError extends Error {
  readonly code: string;
  readonly status: number;
  readonly param: string | undefined;
  readonly details: Record<string, unknown>;
  readonly requestId: string | null;
  readonly retryAfter: number | null;

  constructor(status: number, body: ErrorBody, extra: { requestId?: string | null; retryAfter?: number | null } = {}) {
    super(body.message);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code;
    this.param = body.param;
    this.details = body.details ?? {};
    this.requestId = extra.requestId ?? null;
    this.retryAfter = extra.retryAfter ?? null;
  }
}

const codeOfStatus: Record<number, string> = {
  400: "invalid_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  409: "conflict",
  413: "too_large",
  429: "rate_limited",
  502: "unavailable",
  503: "unavailable",
  504: "unavailable",
};

function isErrorBody(value: unknown): value is ErrorBody {
  return typeof value === "object" && value !== null && typeof (value as ErrorBody).code === "string";
}

/* The error shape inside any parsed JSON, or null when it is something else. */
export function errorBodyOf(json: unknown): ErrorBody | null {
  const inner = typeof json === "object" && json !== null ? (json as { error?: unknown }).error : null;
  if (!isErrorBody(inner)) return null;
  return { ...inner, message: typeof inner.message === "string" ? inner.message : inner.code };
}

/* Reads a refused answer. Something in front of the server may answer with HTML: then the status alone decides. */
export async function errorFromResponse(response: Response): Promise<ApiError> {
  let body: ErrorBody | null = null;
  try {
    body = errorBodyOf(await response.json());
  } catch {
    body = null;
  }
  const wait = Number(response.headers.get("Retry-After"));
  return new ApiError(
    response.status,
    body ?? { code: codeOfStatus[response.status] ?? "unexpected", message: `The server answered ${response.status}.` },
    { requestId: response.headers.get("X-Request-Id"), retryAfter: wait > 0 ? wait : null },
  );
}

export function networkError(cause: unknown): ApiError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new ApiError(0, { code: "network", message: "The server cannot be reached.", details: { cause: detail } });
}

export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiError(0, { code: "unexpected", message });
}
