/* The model of the next message: a list one can search, and for OpenAI-compatible servers any name one types. */

import { Fragment } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Provider } from "../api/types";
import { signal } from "@preact/signals";
import { explain } from "../state/explain";
import { usableProviders } from "../state/keys";
import { type ModelChoice, choice, loadModels, modelLabel, models, modelsError, modelsLoaded, orderedModels, pickModel } from "../state/models";
import { providerName } from "../state/providers";
import { thread } from "../state/chat";
import { placeBelow } from "../ui/place";
import { usePopover } from "../ui/usePopover";
import { Check, Chevron, Search } from "../ui/icons";

/* Others may ask for the picker to open: the send gate does. */
export const pickerRequest = signal(0);

interface Option extends ModelChoice {
  label: string;
  usable: boolean;
  typed?: boolean;
}

const MAX_SHOWN = 200;

function optionsFor(search: string): Option[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const usable = usableProviders.value;
  const listed = orderedModels.value
    .filter((model) => words.every((word) => `${model.id} ${model.name ?? ""} ${providerName(model.provider)}`.toLowerCase().includes(word)))
    .slice(0, MAX_SHOWN)
    .map((model) => ({ id: model.id, provider: model.provider, label: modelLabel(model.id, model.provider), usable: usable.has(model.provider) }));
  const text = search.trim();
  const exact = listed.some((option) => option.id === text || (option.label === text && option.usable));
  if (text === "" || exact) return listed;
  const free: Provider[] = usable.has("openai-compatible") ? ["openai-compatible"] : [...usable];
  return [...listed, ...free.map((provider) => ({ id: text, provider, label: text, usable: true, typed: true }))];
}

function Row({ option, id, active, onPick, onHover }: { option: Option; id: string; active: boolean; onPick: () => void; onHover: () => void }) {
  const chosen = choice.value?.id === option.id && choice.value.provider === option.provider;
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (active) row.current?.scrollIntoView({ block: "nearest" });
  }, [active]);
  return (
    <li ref={row} id={id} role="option" aria-selected={active} class="option" data-usable={option.usable} onClick={onPick} onMouseMove={onHover}>
      <span class="option-label">{option.typed ? <>Use “{option.label}”</> : option.label}</span>
      {option.typed && <small>{providerName(option.provider)}</small>}
      {chosen && <Check size={16} />}
    </li>
  );
}

export function ModelPicker() {
  const [open, setOpen] = useState(false);
  const [search, setSearch] = useState("");
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const { button, popover: panel, show, hide, press } = usePopover(() => {
    setOpen(true);
    setSearch("");
    setActive(0);
    if (modelsError.value) void loadModels();
    input.current?.focus();
  });
  const base = useId();
  const options = open ? optionsFor(search) : [];
  const current = choice.value;
  const asked = pickerRequest.value;
  /* The list is drawn only while open, so the place is known only after it is there. */
  useLayoutEffect(() => {
    if (open) placeBelow(panel.current!, button.current!);
  }, [open, options.length]);

  const seen = useRef(asked);

  useEffect(() => {
    if (asked === seen.current) return;
    seen.current = asked;
    show();
  }, [asked]);

  const pick = (option: Option | undefined) => {
    if (!option) return;
    pickModel(option);
    if (thread.value.notice.value?.kind === "gate") thread.value.notice.value = null;
    hide();
    document.querySelector<HTMLTextAreaElement>("#draft")?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") setActive((at) => Math.min(options.length - 1, at + 1));
    else if (event.key === "ArrowUp") setActive((at) => Math.max(0, at - 1));
    else if (event.key === "Enter") pick(options[active]);
    else return;
    event.preventDefault();
  };

  let lastProvider: Provider | null = null;
  return (
    <>
      <button ref={button} type="button" class="model-button" aria-haspopup="listbox" aria-expanded={open} {...press}>
        <span>{current ? modelLabel(current.id, current.provider) : "Choose a model"}</span>
        <Chevron size={14} />
      </button>
      <div
        ref={panel} popover="auto" class="picker" role="dialog" aria-label="Model"
        onToggle={(event) => (event as ToggleEvent).newState === "closed" && setOpen(false)}
      >
        <label class="picker-search">
          <Search size={16} />
          <input
            ref={input} value={search} placeholder="Search, or type a model’s name" aria-label="Search models" role="combobox" aria-expanded="true"
            aria-controls={`${base}-list`} aria-activedescendant={options[active] ? `${base}-${active}` : undefined} autocomplete="off" spellcheck={false}
            onInput={(event) => {
              setSearch(event.currentTarget.value);
              setActive(0);
            }}
            onKeyDown={onKeyDown}
          />
        </label>
        <ul id={`${base}-list`} role="listbox" aria-label="Models" class="options">
          {options.map((option, index) => {
            const heading = option.provider !== lastProvider && !option.typed ? providerName(option.provider) : null;
            lastProvider = option.provider;
            return (
              <Fragment key={`${option.provider}/${option.id}${option.typed ? "/typed" : ""}`}>
                {heading && <li class="option-group" role="presentation">{heading}{!option.usable && " · needs a key"}</li>}
                <Row option={option} id={`${base}-${index}`} active={index === active} onPick={() => pick(option)} onHover={() => setActive(index)} />
              </Fragment>
            );
          })}
          {open && options.length === 0 && (
            <li class="option-empty" role="presentation">
              {modelsError.value ? `${explain(modelsError.value).title}. Type a name to go on.` : !modelsLoaded.value ? "Loading…" : models.value.length === 0 ? "No list from any provider yet. Type a model’s name." : "Nothing like that here. With a key, any typed name can be used."}
            </li>
          )}
        </ul>
      </div>
    </>
  );
}
