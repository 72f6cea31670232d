/* What happens once a session is there. */

import { newChat, watchRoute } from "./state/chat";
import { loadConversations } from "./state/conversations";
import { dialog } from "./state/dialogs";
import { loadKeys } from "./state/keys";
import { loadModels } from "./state/models";

let started = false;

export function start(): void {
  if (started) return;
  started = true;
  watchRoute();
  void loadKeys();
  void loadModels();
  void loadConversations();
  window.addEventListener("keydown", (event) => {
    /* Ctrl+Shift+O: a new chat, as in the other chat apps. */
    if ((event.ctrlKey || event.metaKey) && event.shiftKey && event.key.toLowerCase() === "o" && !dialog.value) {
      event.preventDefault();
      newChat();
    }
  });
}
