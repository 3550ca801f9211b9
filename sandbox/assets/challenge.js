// The bank's page in its window: says when it has been answered, and takes Escape for a no.
(() => {
  "use strict";

  const PARENT = new URLSearchParams(location.search).get("parent") ?? location.origin;
  if (parent === window) return;
  if (document.querySelector("[data-answered]")) parent.postMessage({ event: "answered" }, PARENT);
  const { height } = document.querySelector("main").getBoundingClientRect();
  parent.postMessage({ event: "height", value: { height: Math.ceil(height) } }, PARENT);
  const giveUp = () => document.querySelector("[value=fail]")?.click();
  addEventListener("message", ({ source, data }) => {
    if (source === parent && data?.what === "give-up") giveUp();
  });
  addEventListener("keydown", (key) => {
    if (key.key === "Escape") giveUp();
  });
  document.querySelector("[autofocus]")?.focus();
})();
