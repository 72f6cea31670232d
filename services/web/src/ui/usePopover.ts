/* A button that opens and closes a popover. A press on the button while it is open closes it: the browser does that
 * itself between press and click, so the click must not open it again. */

import { useRef } from "preact/hooks";
import { placeBelow } from "./place";

export function usePopover(opened: (popover: HTMLElement) => void) {
  const button = useRef<HTMLButtonElement>(null);
  const popover = useRef<HTMLDivElement>(null);
  const pressedOpen = useRef(false);

  const isOpen = (): boolean => popover.current?.matches(":popover-open") ?? false;
  const show = (): void => {
    if (!popover.current || !button.current || isOpen()) return;
    popover.current.showPopover();
    placeBelow(popover.current, button.current);
    opened(popover.current);
  };
  const hide = (): void => {
    if (isOpen()) popover.current?.hidePopover();
  };
  const onPointerDown = (): void => void (pressedOpen.current = isOpen());
  const onClick = (): void => {
    const close = pressedOpen.current || isOpen();
    pressedOpen.current = false;
    if (close) hide();
    else show();
  };
  return { button, popover, show, hide, press: { onPointerDown, onClick } };
}
