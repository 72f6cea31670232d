/* Puts a popover beside its button, on the side with room, inside the window. (CSS anchors will do this one day.) */

const GAP = 6;

export function placeBelow(popover: HTMLElement, anchor: HTMLElement): void {
  const at = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = popover;
  const left = Math.max(GAP, Math.min(at.left, window.innerWidth - width - GAP));
  const fitsBelow = at.bottom + GAP + height <= window.innerHeight - GAP;
  const top = fitsBelow ? at.bottom + GAP : Math.max(GAP, at.top - GAP - height);
  popover.style.left = `${left}px`;
  popover.style.top = `${top}px`;
}
