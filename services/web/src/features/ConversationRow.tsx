/* A conversation in the sidebar: open, rename in place, delete after a question. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { Conversation } from "../api/types";
import { asApiError } from "../api/errors";
import { isAnswering } from "../state/chat";
import { MAX_TITLE, renameConversation, titleOf } from "../state/conversations";
import { dialog, drawerOpen } from "../state/dialogs";
import { explain } from "../state/explain";
import { navigate, pathOf, route } from "../state/router";
import { toast } from "../state/toasts";
import { Dots, Pencil, Trash } from "../ui/icons";
import { Menu } from "../ui/Menu";

function RenameForm({ conversation, onDone }: { conversation: Conversation; onDone: () => void }) {
  const input = useRef<HTMLInputElement>(null);
  const finished = useRef(false);
  useEffect(() => input.current?.select(), []);
  const finish = (save: boolean) => {
    if (finished.current) return;
    finished.current = true;
    onDone();
    const title = [...(input.current?.value ?? "").trim()].slice(0, MAX_TITLE).join("");
    if (!save || title === "" || title === conversation.title) return;
    renameConversation(conversation.id, title).catch((error: unknown) => {
      const { title: what, hint } = explain(asApiError(error));
      toast(`Not renamed. ${what}. ${hint}`, "error");
    });
  };
  return (
    <form
      class="rename"
      onSubmit={(event) => {
        event.preventDefault();
        finish(true);
      }}
    >
      <input
        ref={input} autoFocus defaultValue={conversation.title ?? ""} maxLength={MAX_TITLE} aria-label="New title" autocomplete="off"
        onBlur={() => finish(true)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          finish(false);
        }}
      />
    </form>
  );
}

export function ConversationRow({ conversation }: { conversation: Conversation }) {
  const [renaming, setRenaming] = useState(false);
  const current = route.value.conversationId === conversation.id;
  const title = titleOf(conversation);
  if (renaming) return <li class="row"><RenameForm conversation={conversation} onDone={() => setRenaming(false)} /></li>;
  return (
    <li class="row" data-current={current}>
      <a
        href={pathOf(conversation.id)} aria-current={current ? "page" : undefined} title={title}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          drawerOpen.value = false;
          navigate(pathOf(conversation.id));
        }}
      >
        <span class="row-title">{title}</span>
        {isAnswering(conversation.id) && <i class="pulse" role="img" aria-label="Answering" />}
      </a>
      <Menu
        label={`More for “${title}”`}
        items={[
          { label: "Rename", icon: <Pencil size={16} />, act: () => setRenaming(true) },
          { label: "Delete", icon: <Trash size={16} />, danger: true, act: () => (dialog.value = { kind: "delete-conversation", conversation }) },
        ]}
      >
        <Dots size={16} />
      </Menu>
    </li>
  );
}
