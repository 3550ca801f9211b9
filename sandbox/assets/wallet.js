// The sheet of a wallet: its payer chooses a card and agrees, or goes back.
(() => {
  "use strict";

  const PARENT = new URLSearchParams(location.search).get("parent") ?? location.origin;
  const API = new URL("../stripe/v1/", location.href);
  const sheet = document.getElementById("sheet");
  let agreed = false;

  sheet.addEventListener("submit", (submitted) => {
    submitted.preventDefault();
    if (agreed) return;
    agreed = true;
    sheet.inert = true;
    document.getElementById("say").textContent = "Processing…";
    grow();
    event("pay", {});
  });
  document.getElementById("cancel").addEventListener("click", giveUp);
  addEventListener("keydown", (key) => {
    if (key.key === "Escape") giveUp();
  });

  // What was agreed to is not taken back.
  function giveUp() {
    if (!agreed) event("cancel", {});
  }

  addEventListener("message", async ({ source, origin, data }) => {
    if (source !== parent || origin !== PARENT || !data) return;
    if (data.what === "give-up") giveUp();
    if (data.what !== "confirm" || !agreed) return;
    const value = await globalThis.confirmIntent(API, data.value, {
      "payment_method_data[type]": "card",
      "payment_method_data[card][token]": new FormData(sheet).get("card"),
    });
    parent.postMessage({ answers: data.id, value }, PARENT);
  });

  function event(name, value) {
    parent.postMessage({ event: name, value }, PARENT);
  }

  function grow() {
    const { height } = document.querySelector("main").getBoundingClientRect();
    event("height", { height: Math.ceil(height) });
  }

  grow();
  document.querySelector("[autofocus]").focus();
})();
