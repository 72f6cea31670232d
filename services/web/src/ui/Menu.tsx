/* A button with a small menu. The menu is a popover: it lies in the top layer, so nothing clips it, and the browser
 * closes it on Escape or a click elsewhere. Arrow keys move. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { usePopover } from "./usePopover";

export interface MenuItem {
  label: string;
  icon?: ComponentChildren;
  danger?: boolean;
  act: () => void;
}

export function Menu({ label, items, children, className }: { label: string; items: MenuItem[]; children: ComponentChildren; className?: string }) {
  const [open, setOpen] = useState(false);
  const { button, popover: list, hide, press } = usePopover((menu) => menu.querySelector("button")?.focus());

  const step = (by: number) => {
    const buttons = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    buttons[(at + by + buttons.length) % buttons.length]?.focus();
  };

  return (
    <>
      <button
        ref={button} type="button" class={className ?? "icon-button small"} aria-label={label} aria-haspopup="menu" aria-expanded={open}
        data-open={open} {...press}
      >
        {children}
      </button>
      <div
        ref={list} popover="auto" role="menu" aria-label={label} class="menu"
        onToggle={(event) => setOpen((event as ToggleEvent).newState === "open")}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown") step(1);
          else if (event.key === "ArrowUp") step(-1);
          else return;
          event.preventDefault();
        }}
      >
        {items.map((item) => (
          <button
            key={item.label} type="button" role="menuitem" class={item.danger ? "menu-item danger" : "menu-item"}
            onClick={() => {
              hide();
              item.act();
            }}
          >
            {item.icon}
            {item.label}
          </button>
        ))}
      </div>
    </>
  );
}
