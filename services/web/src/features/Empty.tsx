/* Before the first message: a greeting and a few ways to begin. A click fills the composer, it sends nothing. */

import { thread } from "../state/chat";
import { keysLoaded, usableProviders } from "../state/keys";
import { openKeys } from "../state/dialogs";
import { session } from "../state/session";
import { Key } from "../ui/icons";

const ideas = [
  { title: "Think it through", text: "Help me think through a decision. Ask me one question at a time, then sum up what I seem to want.\n\nThe decision: " },
  { title: "Explain simply", text: "Explain this to me as to a curious friend, with one good example:\n\n" },
  { title: "Make it clearer", text: "Rewrite this so that it is clear and half as long. Keep my tone.\n\n" },
  { title: "Read code with me", text: "Read this code. Tell me what it does, what could break, and what you would change first.\n\n```\n\n```" },
];

function greeting(now: Date): string {
  const hour = now.getHours();
  if (hour < 5) return "A quiet hour";
  if (hour < 12) return "Good morning";
  if (hour < 18) return "Good afternoon";
  return "Good evening";
}

function begin(text: string): void {
  thread.value.draft.value = text;
  const area = document.querySelector<HTMLTextAreaElement>("#draft");
  area?.focus();
  const end = text.indexOf("```\n\n```") >= 0 ? text.length - 4 : text.length;
  requestAnimationFrame(() => area?.setSelectionRange(end, end));
}

export function Empty() {
  const name = session.value?.user?.displayName;
  const first = name && !/^(local|owner)/i.test(name) ? `, ${name.split(" ")[0]}` : "";
  const noKey = keysLoaded.value && usableProviders.value.size === 0;
  return (
    <div class="empty">
      <div class="empty-inner">
        <h2 class="display">{greeting(new Date())}{first}.</h2>
        <p class="lead">What would you like to think about?</p>
        {noKey && (
          <button type="button" class="first-step" onClick={() => openKeys()}>
            <Key />
            <span><strong>Add your first key</strong><small>OpenAI, OpenRouter, or a model on your own machine</small></span>
          </button>
        )}
        <ul class="ideas">
          {ideas.map((idea) => (
            <li key={idea.title}>
              <button type="button" class="idea" onClick={() => begin(idea.text)}>
                <strong>{idea.title}</strong>
                <small>{idea.text.split("\n")[0]}</small>
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
