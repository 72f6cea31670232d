/* The chat column: title, messages, composer. */

import { useEffect, useRef } from "preact/hooks";
import { newChat, openThread, thread } from "../state/chat";
import { conversations, titleOf } from "../state/conversations";
import { drawerOpen, showSidebar, sidebarFolded } from "../state/dialogs";
import type { Thread } from "../state/thread";
import { toast } from "../state/toasts";
import { Failure } from "../ui/Failure";
import { ArrowDown, Compose, Sidebar as SidebarIcon } from "../ui/icons";
import { Toasts } from "../ui/Toasts";
import { useStickToBottom } from "../ui/useStickToBottom";
import { Composer } from "./Composer";
import { Empty } from "./Empty";
import { MessageView } from "./MessageView";

function Header({ open }: { open: Thread }) {
  const conversation = conversations.value.find((one) => one.id === open.conversationId.value);
  const title = conversation ? titleOf(conversation) : "";
  useEffect(() => void (document.title = title ? `${title} · Grove` : "Grove"), [title]);
  return (
    <header class="chat-head">
      <button
        type="button" class="icon-button" aria-label="Show sidebar" data-folded={sidebarFolded.value}
        onClick={showSidebar}
      >
        <SidebarIcon />
      </button>
      <h1>{title}</h1>
      <button type="button" class="icon-button only-small" aria-label="New chat" onClick={newChat}><Compose /></button>
    </header>
  );
}

function Older({ open, scroller }: { open: Thread; scroller: { current: HTMLDivElement | null } }) {
  if (!open.older.value) return null;
  const load = async () => {
    const element = scroller.current;
    const before = element ? element.scrollHeight - element.scrollTop : 0;
    try {
      await open.loadOlder();
      /* What was on the screen stays where it was. */
      requestAnimationFrame(() => element && (element.scrollTop = element.scrollHeight - before));
    } catch {
      toast("Earlier messages could not be loaded. Try again.", "error");
    }
  };
  return (
    <button type="button" class="text-button older" disabled={open.loadingOlder.value} onClick={() => void load()}>
      {open.loadingOlder.value ? "Loading…" : "Show earlier messages"}
    </button>
  );
}

function Messages({ open }: { open: Thread }) {
  const { scroller, content, away, toBottom } = useStickToBottom(open);
  const nodes = open.shown.value;
  const count = nodes.length;
  const known = useRef(count);
  useEffect(() => {
    /* Something was sent: look at it, wherever one was. */
    if (open.run.value && count > known.current) toBottom();
    known.current = count;
  }, [count]);
  return (
    <div class="scroll-shell">
      <div class="scroll" ref={scroller} tabIndex={-1}>
        <div class="column" ref={content} role="log" aria-live="off" aria-label="Messages">
          <Older open={open} scroller={scroller} />
          {nodes.map((node, index) => <MessageView key={keyOf(node.peek())} node={node} last={index === count - 1} />)}
        </div>
      </div>
      <button type="button" class="jump" data-shown={away} tabIndex={away ? 0 : -1} aria-hidden={!away} onClick={() => toBottom(true)}>
        <ArrowDown size={16} /> Jump to latest
      </button>
    </div>
  );
}

/* An answer keeps its place on the page when the server gives it its final id. */
function keyOf(state: { id: string; role: string; parentId: string | null; createdAt: string }): string {
  return state.role === "user" ? state.id : `${state.parentId ?? ""}/${state.createdAt}`;
}

function Body({ open }: { open: Thread }) {
  const phase = open.phase.value;
  if (phase === "loading") {
    return <div class="scroll-shell"><div class="column skeleton" aria-label="Loading messages"><i /><i /><i /><i /><i /></div></div>;
  }
  if (phase === "failed") {
    return (
      <div class="middle">
        <Failure error={open.loadError.value!}>
          <button type="button" class="button small" onClick={() => void openThread(open)}>Try again</button>
        </Failure>
      </div>
    );
  }
  if (phase === "missing") {
    return (
      <div class="middle">
        <div class="gone">
          <h2 class="display">This chat is not here</h2>
          <p>It was deleted, or the address belongs to somebody else’s chat.</p>
          <button type="button" class="button primary" onClick={newChat}>Start a new chat</button>
        </div>
      </div>
    );
  }
  return open.path.value.length === 0 ? <Empty /> : <Messages open={open} />;
}

export function ChatView() {
  const open = thread.value;
  return (
    <main class="chat" inert={drawerOpen.value}>
      <Header open={open} />
      <Toasts />
      <Body open={open} />
      {open.phase.value !== "missing" && open.phase.value !== "failed" && <Composer />}
    </main>
  );
}
