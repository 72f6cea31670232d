/* One message and what can be done with it. */

import { useEffect, useState } from "preact/hooks";
import type { Usage } from "../api/types";
import { Markdown } from "../markdown/Markdown";
import { reconnect, regenerate, thread } from "../state/chat";
import { openKeys } from "../state/dialogs";
import { explain } from "../state/explain";
import { modelLabel } from "../state/models";
import type { Node, NodeState } from "../state/node";
import { CopyButton } from "../ui/CopyButton";
import { Failure } from "../ui/Failure";
import { Refresh } from "../ui/icons";
import { pickerRequest } from "./ModelPicker";

/* Small sums keep their meaning: $0.0004 is not $0.00. */
export function formatCost(cost: number): string {
  if (cost === 0) return "$0";
  if (cost < 0.0001) return "< $0.0001";
  return `$${cost.toFixed(cost < 0.01 ? 4 : cost < 1 ? 3 : 2)}`;
}

export function formatUsage(usage: Usage): string {
  const about = usage.estimated ? "≈ " : "";
  const tokens = `${about}${((usage.promptTokens ?? 0) + (usage.completionTokens ?? 0)).toLocaleString()} tokens`;
  return usage.cost === null ? tokens : `${tokens} · ${about}${formatCost(usage.cost)}`;
}

function usageDetail(usage: Usage): string {
  const cost = usage.cost === null ? "price of this model unknown" : formatCost(usage.cost);
  return `${usage.promptTokens ?? "?"} in, ${usage.completionTokens ?? "?"} out, ${cost}${usage.estimated ? " (estimated)" : ""}`;
}

function UserMessage({ state }: { state: NodeState }) {
  const [open, setOpen] = useState(false);
  const long = state.text.length > 1600 || state.text.split("\n").length > 24;
  return (
    <article class="message user" aria-label="You">
      <div class="bubble" data-clipped={long && !open}>{state.text}</div>
      <div class="message-tools">
        {long && <button type="button" class="text-button small" onClick={() => setOpen(!open)}>{open ? "Show less" : "Show all"}</button>}
        <CopyButton text={state.text} label="Copy message" quiet />
      </div>
    </article>
  );
}

function Waiting() {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 8000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="waiting" role="img" aria-label="Waiting for the answer">
      <i /><i /><i />
      {slow && <span>Still waiting for the provider…</span>}
    </p>
  );
}

function Reasoning({ text, thinking }: { text: string; thinking: boolean }) {
  return (
    <details class="reasoning">
      <summary>{thinking ? "Thinking…" : "How it got there"}</summary>
      <p>{text}</p>
    </details>
  );
}

const statusWords: Partial<Record<NodeState["status"], string>> = {
  stopped: "You stopped this answer.",
  interrupted: "This answer was interrupted. What arrived is kept.",
  failed: "This answer broke off. What arrived is kept.",
};

function Aftermath({ node, last }: { node: Node; last: boolean }) {
  const state = node.value;
  if (state.status === "running" || state.status === "completed") return null;
  if (state.error) {
    const { remedy } = explain(state.error);
    return (
      <Failure error={state.error}>
        {last && state.error.code === "network" && <button type="button" class="button small" onClick={() => void reconnect(node)}>Reconnect</button>}
        {last && state.error.code !== "network" && <button type="button" class="button small" onClick={() => void regenerate(node)}>Try again</button>}
        {remedy === "keys" && <button type="button" class="button small" onClick={() => openKeys()}>Open keys</button>}
        {remedy === "model" && <button type="button" class="button small" onClick={() => (pickerRequest.value += 1)}>Choose a model</button>}
      </Failure>
    );
  }
  return (
    <p class="status-line">
      {state.status === "failed" && state.text === "" ? "There was no answer." : statusWords[state.status]}
      {last && <button type="button" class="text-button small" onClick={() => void regenerate(node)}>Try again</button>}
    </p>
  );
}

function Tools({ node, last }: { node: Node; last: boolean }) {
  const state = node.value;
  if (state.status === "running") return null;
  return (
    <div class="message-tools" data-last={last}>
      {state.text !== "" && <CopyButton text={state.text} label="Copy answer" quiet />}
      {last && (
        <button type="button" class="icon-button small" aria-label="Regenerate" title="Regenerate" disabled={thread.value.busy.value} onClick={() => void regenerate(node)}>
          <Refresh size={16} />
        </button>
      )}
      <span class="meta">
        {state.model && <span>{modelLabel(state.model, state.provider)}</span>}
        {state.usage && <span title={usageDetail(state.usage)}>{formatUsage(state.usage)}</span>}
      </span>
    </div>
  );
}

function AssistantMessage({ node, last }: { node: Node; last: boolean }) {
  const state = node.value;
  const running = state.status === "running";
  return (
    <article class="message assistant" aria-label="Answer" aria-busy={running} data-running={running}>
      {state.reasoning !== "" && <Reasoning text={state.reasoning} thinking={running && state.text === ""} />}
      {state.text === "" && running ? <Waiting /> : <Markdown blocks={state.blocks} prefix={`m-${state.parentId?.slice(0, 8) ?? "root"}-`} />}
      {running && state.connection === "reconnecting" && <p class="status-line" role="status">Connection lost. Reconnecting: nothing is lost, the answer goes on at the server.</p>}
      <Aftermath node={node} last={last} />
      <Tools node={node} last={last} />
    </article>
  );
}

export function MessageView({ node, last }: { node: Node; last: boolean }) {
  return node.value.role === "user" ? <UserMessage state={node.value} /> : <AssistantMessage node={node} last={last} />;
}
