/* One way to show an error: what happened, what to do, at most two things to press. */

import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/errors";
import { explain } from "../state/explain";
import { Alert } from "./icons";

export function Failure({ error, children, compact }: { error: ApiError; children?: ComponentChildren; compact?: boolean }) {
  const { title, hint } = explain(error);
  return (
    <div class={compact ? "failure compact" : "failure"} role="alert">
      <Alert size={18} />
      <div class="failure-text">
        <strong>{title}.</strong> <span>{hint}</span>
        {error.requestId && error.status >= 500 && <small class="faint"> Request {error.requestId}</small>}
      </div>
      {children && <div class="failure-actions">{children}</div>}
    </div>
  );
}
