/* The app: what it shows when the server is there, and when it is not. */

import { useState } from "preact/hooks";
import { dialog } from "./state/dialogs";
import { route } from "./state/router";
import { loadSession, session, sessionError, signedOut } from "./state/session";
import { ChatView } from "./features/ChatView";
import { DeleteDialog } from "./features/DeleteDialog";
import { KeyDialog } from "./features/KeyDialog";
import { Sidebar } from "./features/Sidebar";
import { TokensDialog } from "./features/TokensDialog";
import { Failure } from "./ui/Failure";
import { Mark } from "./ui/icons";
import { Announcer } from "./ui/Toasts";
import { start } from "./start";

function Dialogs() {
  const open = dialog.value;
  if (open?.kind === "keys") return <KeyDialog />;
  if (open?.kind === "tokens") return <TokensDialog />;
  if (open?.kind === "delete-conversation") return <DeleteDialog conversation={open.conversation} />;
  return null;
}

function Splash() {
  return <main class="middle whole"><span class="splash" role="img" aria-label="Loading"><Mark size={40} /></span></main>;
}

function NoServer() {
  const [busy, setBusy] = useState(false);
  const again = () => {
    setBusy(true);
    void loadSession().then((here) => (here ? start() : undefined)).finally(() => setBusy(false));
  };
  return (
    <main class="middle whole">
      <Mark size={36} />
      <Failure error={sessionError.value!}>
        <button type="button" class="button small" disabled={busy} onClick={again}>{busy ? "Trying…" : "Try again"}</button>
      </Failure>
    </main>
  );
}

function SignedOut() {
  const password = session.value?.auth.mode === "password";
  return (
    <main class="middle whole">
      <div class="gone">
        <Mark size={36} />
        <h1 class="display">You are signed out</h1>
        <p>{password ? "Sign in to go on where you left off." : "Your sign-in has ended, or this address is not on the list of the person who runs this Grove."}</p>
        {password ? <a class="button primary" href="/sign-in">Sign in</a> : <button type="button" class="button primary" onClick={() => location.reload()}>Sign in again</button>}
      </div>
    </main>
  );
}

function Unknown() {
  return (
    <main class="middle whole">
      <div class="gone">
        <Mark size={36} />
        <h1 class="display">Nothing grows here</h1>
        <p>There is no page at this address.</p>
        <a class="button primary" href="/app">Open Grove</a>
      </div>
    </main>
  );
}

export function App() {
  if (!route.value.known) return <Unknown />;
  /* Signed out in the middle of something: the draft stays on the screen, and the next error says what to do. */
  if (signedOut.value && !session.value?.user) return <SignedOut />;
  if (!session.value) return sessionError.value ? <NoServer /> : <Splash />;
  return (
    <div class="app">
      <a class="skip" href="#draft">Skip to the message box</a>
      <Sidebar />
      <ChatView />
      <Dialogs />
      <Announcer />
    </div>
  );
}
