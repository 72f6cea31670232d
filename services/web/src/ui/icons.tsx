/* The icons, drawn for 20 × 20 with one stroke. Decorative: the button around one carries the name. */

import type { ComponentChildren } from "preact";

function icon(children: ComponentChildren, fill = false) {
  return function Icon({ size = 18 }: { size?: number }) {
    return (
      <svg
        class="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" fill={fill ? "currentColor" : "none"}
        stroke={fill ? "none" : "currentColor"} stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"
      >
        {children}
      </svg>
    );
  };
}

export const Plus = icon(<path d="M10 4v12M4 10h12" />);
export const Compose = icon(<><path d="M9 4H5.5A1.5 1.5 0 0 0 4 5.500v9A1.5 1.5 0 0 0 5.5 16h9a1.5 1.5 0 0 0 1.5-1.500V11" /><path d="m8.5 11.5.500-2.5 6-6 2 2-6 6z" /></>);
export const Sidebar = icon(<><rect x="3" y="4" width="14" height="12" rx="2.5" /><path d="M8 4v12" /></>);
export const Dots = icon(<><circle cx="4.5" cy="10" r="1.4" /><circle cx="10" cy="10" r="1.4" /><circle cx="15.5" cy="10" r="1.4" /></>, true);
export const ArrowUp = icon(<path d="M10 16V4.500M5 9.500l5-5 5 5" />);
export const ArrowDown = icon(<path d="M10 4v11.500M5 10.500l5 5 5-5" />);
export const Stop = icon(<rect x="5" y="5" width="10" height="10" rx="2" />, true);
export const Copy = icon(<><rect x="7" y="7" width="9" height="9" rx="2" /><path d="M13 7V5.500A1.5 1.5 0 0 0 11.5 4h-6A1.5 1.5 0 0 0 4 5.500v6A1.5 1.5 0 0 0 5.5 13H7" /></>);
export const Check = icon(<path d="m4.5 10.5 3.5 3.5 7.5-8" />);
export const Cross = icon(<path d="m5 5 10 10M15 5 5 15" />);
export const Refresh = icon(<><path d="M15.8 8.500A6 6 0 1 0 16 11" /><path d="M16.5 4.500v4h-4" /></>);
export const Key = icon(<><circle cx="7" cy="13" r="3.5" /><path d="m9.5 10.5 6.5-6.500M13 7l2.5 2.500M15 5l1.5 1.5" /></>);
export const Code = icon(<path d="m7 6-4 4 4 4M13 6l4 4-4 4" />);
export const Sun = icon(<><circle cx="10" cy="10" r="3.2" /><path d="M10 2.500v1.500M10 16v1.500M2.5 10H4M16 10h1.500M4.7 4.700l1 1M14.3 14.300l1 1M15.3 4.700l-1 1M5.7 14.300l-1 1" /></>);
export const Moon = icon(<path d="M16 12.200A6.5 6.5 0 0 1 7.8 4a6.5 6.5 0 1 0 8.2 8.200z" />);
export const Screen = icon(<><rect x="3" y="4" width="14" height="9.5" rx="1.8" /><path d="M7.5 16.500h5M10 13.500v3" /></>);
export const Chevron = icon(<path d="m5.5 8 4.5 4.500L14.5 8" />);
export const Trash = icon(<path d="M4 6h12M8 6V4h4v2M5.5 6l.700 9a1.2 1.2 0 0 0 1.2 1h5.200a1.2 1.2 0 0 0 1.2-1l.700-9M8.5 9v4M11.5 9v4" />);
export const Pencil = icon(<path d="m4 16 .800-3.5 8-8a1.6 1.6 0 0 1 2.3 0l.400.400a1.6 1.6 0 0 1 0 2.300l-8 8z" />);
export const Alert = icon(<><path d="M10 3.5 17.5 16.500h-15z" /><path d="M10 8.500v3.500M10 14.200v.100" /></>);
export const Lock = icon(<><rect x="4.5" y="9" width="11" height="7.5" rx="2" /><path d="M7 9V6.500a3 3 0 0 1 6 0V9" /></>);
export const Search = icon(<><circle cx="9" cy="9" r="5" /><path d="m13 13 3.5 3.5" /></>);

/* The mark: a stem that branches. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg class="mark" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
      <path d="M12 21V9" />
      <path d="M12 16c0-3.5-2-5-5.5-5.500M12 13c0-3.5 2-5 5.5-5.5" />
      <circle cx="12" cy="5.5" r="2.5" fill="currentColor" stroke="none" />
      <circle cx="5" cy="9.8" r="2" fill="currentColor" stroke="none" />
      <circle cx="19" cy="6.8" r="2" fill="currentColor" stroke="none" />
    </svg>
  );
}
