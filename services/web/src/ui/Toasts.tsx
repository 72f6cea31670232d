import { announcement, dismissToast, toasts } from "../state/toasts";
import { Cross } from "./icons";

/* At the top of the chat column: never over the composer. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map((one) => (
        <div key={one.id} class="toast" data-tone={one.tone}>
          <span>{one.text}</span>
          <button type="button" class="icon-button small" aria-label="Dismiss" onClick={() => dismissToast(one.id)}>
            <Cross size={14} />
          </button>
        </div>
      ))}
    </div>
  );
}

export function Announcer() {
  return (
    <div class="offscreen" role="status" aria-live="polite">
      {announcement.value}
    </div>
  );
}
