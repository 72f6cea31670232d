import { useState } from "preact/hooks";
import type { Conversation } from "../api/types";
import { type ApiError, asApiError } from "../api/errors";
import { deleteChat } from "../state/chat";
import { titleOf } from "../state/conversations";
import { closeDialog } from "../state/dialogs";
import { toast } from "../state/toasts";
import { Dialog } from "../ui/Dialog";
import { Failure } from "../ui/Failure";

export function DeleteDialog({ conversation }: { conversation: Conversation }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError | null>(null);
  const remove = async () => {
    setBusy(true);
    setError(null);
    try {
      await deleteChat(conversation.id);
      closeDialog();
      toast("Chat deleted.");
    } catch (cause) {
      setError(asApiError(cause));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Delete this chat?" onClose={closeDialog} narrow>
      <p class="dialog-text">
        “{titleOf(conversation)}” and all of its messages and branches will be gone from this server. This cannot be undone.
      </p>
      {error && <Failure error={error} compact />}
      <div class="dialog-actions">
        <button type="button" class="button" autoFocus onClick={closeDialog}>Keep it</button>
        <button type="button" class="button danger" disabled={busy} onClick={() => void remove()}>{busy ? "Deleting…" : "Delete"}</button>
      </div>
    </Dialog>
  );
}
