/* New chat, the conversations by day, and what belongs to the person: theme, keys, tokens. */

import { session, isLocal } from "../state/session";
import {
  conversationsError, conversationsLoaded, grouped, loadConversations, loadMoreConversations, loadingMore, moreConversations,
} from "../state/conversations";
import { newChat } from "../state/chat";
import { drawerOpen, openKeys, openTokens, sidebarFolded } from "../state/dialogs";
import { usableProviders } from "../state/keys";
import { toast } from "../state/toasts";
import { explain } from "../state/explain";
import { Code, Compose, Key, Lock, Mark, Sidebar as SidebarIcon } from "../ui/icons";
import { ConversationRow } from "./ConversationRow";
import { ThemeSwitch } from "./ThemeSwitch";

function List() {
  if (!conversationsLoaded.value) {
    return (
      <div class="list-skeleton" aria-label="Loading chats">
        <i /><i /><i /><i />
      </div>
    );
  }
  if (conversationsError.value) {
    const { title, hint } = explain(conversationsError.value);
    return (
      <div class="list-note" role="alert">
        <p>{title}. {hint}</p>
        <button type="button" class="button small" onClick={() => void loadConversations()}>Try again</button>
      </div>
    );
  }
  if (grouped.value.length === 0) return <p class="list-note">Your chats will gather here.</p>;
  return (
    <>
      {grouped.value.map((group) => (
        <section key={group.label} class="list-group">
          <h2>{group.label}</h2>
          <ul>
            {group.items.map((one) => <ConversationRow key={one.id} conversation={one} />)}
          </ul>
        </section>
      ))}
      {moreConversations.value && (
        <button
          type="button" class="text-button more" disabled={loadingMore.value}
          onClick={() => loadMoreConversations().catch(() => toast("Older chats could not be loaded. Try again.", "error"))}
        >
          {loadingMore.value ? "Loading…" : "Show older chats"}
        </button>
      )}
    </>
  );
}

function Person() {
  const user = session.value?.user;
  const count = usableProviders.value.size;
  return (
    <footer class="sidebar-foot">
      <button type="button" class="row-button" onClick={() => openKeys()}>
        <Key /> <span>Keys</span> <small class="badge" data-empty={count === 0}>{count === 0 ? "none yet" : count}</small>
      </button>
      <button type="button" class="row-button" onClick={openTokens}>
        <Code /> <span>API tokens</span>
      </button>
      <div class="theme-row">
        <span>Theme</span>
        <ThemeSwitch />
      </div>
      {isLocal.value ? (
        <p class="whoami"><Lock size={13} /> <span>Local, no sign-in: only this machine can reach it</span></p>
      ) : (
        <p class="whoami" title={user?.email ?? ""}><span>{user?.displayName || user?.email || ""}</span></p>
      )}
    </footer>
  );
}

export function Sidebar() {
  const folded = sidebarFolded.value;
  return (
    <>
      <div class="scrim" data-open={drawerOpen.value} onClick={() => (drawerOpen.value = false)} />
      <nav
        class="sidebar" aria-label="Chats" data-open={drawerOpen.value} data-folded={folded}
        onKeyDown={(event) => event.key === "Escape" && (drawerOpen.value = false)}
      >
        <header class="sidebar-head">
          <a class="brand" href="/" aria-label="Grove, start page"><Mark /> <span>Grove</span></a>
          <button
            type="button" class="icon-button" aria-label="Hide sidebar"
            onClick={() => {
              if (drawerOpen.value) drawerOpen.value = false;
              else sidebarFolded.value = true;
            }}
          >
            <SidebarIcon />
          </button>
        </header>
        <button
          type="button" class="row-button new-chat"
          onClick={() => {
            drawerOpen.value = false;
            newChat();
          }}
        >
          <Compose /> <span>New chat</span>
        </button>
        <div class="list" tabIndex={-1}><List /></div>
        <Person />
      </nav>
    </>
  );
}
