/* Keeps a scrolled column at its end while it grows, until the person scrolls up; then leaves it alone and says so. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";

const NEAR_PX = 60;

export function useStickToBottom(resetKey: unknown) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const stuck = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);

  const toBottom = useCallback((smooth = false) => {
    const element = scroller.current;
    if (!element) return;
    stuck.current = true;
    setAway(false);
    const calm = smooth && !matchMedia("(prefers-reduced-motion: reduce)").matches;
    element.scrollTo({ top: element.scrollHeight, behavior: calm ? "smooth" : "instant" });
  }, []);

  useEffect(() => {
    const element = scroller.current;
    const inner = content.current;
    if (!element || !inner) return;
    const onScroll = () => {
      const distance = element.scrollHeight - element.scrollTop - element.clientHeight;
      /* Only a movement upwards lets go: growth of the content moves nothing. */
      if (element.scrollTop < lastTop.current - 2 && distance > NEAR_PX) stuck.current = false;
      else if (distance <= NEAR_PX) stuck.current = true;
      lastTop.current = element.scrollTop;
      setAway(!stuck.current);
    };
    const watch = new ResizeObserver(() => {
      if (stuck.current) element.scrollTop = element.scrollHeight;
    });
    element.addEventListener("scroll", onScroll, { passive: true });
    watch.observe(inner);
    watch.observe(element);
    return () => {
      element.removeEventListener("scroll", onScroll);
      watch.disconnect();
    };
  }, [resetKey]);

  useEffect(() => toBottom(), [resetKey]);

  return { scroller, content, away, toBottom };
}
