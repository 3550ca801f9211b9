// The checkout page: puts PayPal's buttons in the place of the one that leads to PayPal's pages. That
// one stays for who runs no script, and where PayPal's cannot be loaded.
(() => {
  "use strict";

  const place = document.getElementById("paypal");
  const form = place.querySelector("form");
  const say = document.getElementById("paypal-say");
  const failure = document.getElementById("paypal-failure");
  const { begin, csrf } = place.dataset;
  const { paypal } = window;
  if (typeof paypal?.Buttons !== "function") return;

  // The payment that was begun, by what it is to be paid from: who gave up and comes back goes on
  // with the same one.
  const begun = new Map();
  let payment = null;
  // What we had to say when no order could be made: PayPal's script hands on errors of its own making.
  let trouble = null;

  const buttons = paypal.Buttons({
    style: { layout: "vertical", shape: "rect", height: 48, label: "pay" },
    onClick() {
      document.getElementById("paypal-canceled")?.remove();
      failure.hidden = true;
    },
    async createOrder(data) {
      const source = data?.paymentSource === "venmo" ? "venmo" : "paypal";
      if (!begun.has(source)) {
        const answer = await send(begin, { source });
        if (answer.type === "opaqueredirect") {
          trouble = ["Your session has ended.", "Reload this page and sign in again."];
        } else if (!answer.ok) {
          trouble = ["PayPal cannot be reached just now.", "Nothing was taken; try again in a moment."];
        }
        if (trouble) throw new Error(trouble[0]);
        begun.set(source, await answer.json());
      }
      payment = begun.get(source).payment;
      return begun.get(source).order;
    },
    async onApprove(data, actions) {
      say.textContent = "PayPal is asked for the money. This usually takes a few seconds.";
      const verdict = await check();
      say.textContent = "";
      // Only another way to pay, chosen at PayPal, can help; the order stays the same.
      if (verdict?.restart) {
        tell(verdict.text, "Choose another way to pay in PayPal.");
        return actions.restart();
      }
      location.assign(`/payments/${payment}`);
    },
    onCancel() {
      tell("You came back without paying.", "Nothing was taken. Press the button again, or pay another way.", "wait");
    },
    onError() {
      say.textContent = "";
      const told = trouble;
      trouble = null;
      if (told) return tell(...told);
      tell("PayPal's window did not open, or broke.", "Nothing is charged twice: go on at PayPal's own site.");
      form.hidden = false;
    },
  });
  if (buttons.isEligible && !buttons.isEligible()) return;
  const holder = document.createElement("div");
  holder.className = "paypal-buttons";
  place.append(holder);
  buttons.render(holder).then(
    () => { form.hidden = true; },
    () => holder.remove(),
  );

  // What became of it; nothing if that cannot be known now: then the payment's page finds out.
  async function check() {
    try {
      const answer = await send(`/payments/${payment}/check`, { approved: "yes" });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  function send(path, fields = {}) {
    const body = new URLSearchParams({ csrf, ...fields });
    return fetch(path, { method: "POST", body, redirect: "manual" });
  }

  function tell(what, next, tone = "bad") {
    const first = document.createElement("b");
    first.textContent = what;
    failure.className = `note ${tone}`;
    failure.replaceChildren(first, ` ${next}`);
    failure.hidden = false;
    failure.scrollIntoView({ block: "nearest" });
  }
})();
