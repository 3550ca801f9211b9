// The inside of the Express Checkout Element: shows the wallets that the page wants, and tells which
// one is pressed.
(() => {
  "use strict";

  const PARENT = new URLSearchParams(location.search).get("parent") ?? location.origin;
  const buttons = [...document.querySelectorAll("[data-wallet]")];
  const elementType = "expressCheckout";
  // Stripe's names for them, in options and events.
  const NAMES = { apple_pay: "applePay", google_pay: "googlePay" };

  function show({ paymentMethods = {}, buttonHeight = 44 }) {
    document.documentElement.style.setProperty("--wallet-height", `${buttonHeight}px`);
    const wanted = (button) => paymentMethods[NAMES[button.dataset.wallet]] !== "never";
    for (const button of buttons) button.hidden = !wanted(button);
    const shown = buttons.filter(wanted).map((button) => NAMES[button.dataset.wallet]);
    const each = (value) => Object.fromEntries(shown.map((name) => [name, value]));
    event("height", { height: document.querySelector("main").getBoundingClientRect().height });
    event("ready", { elementType, availablePaymentMethods: shown.length > 0 ? each(true) : undefined });
    event("availablepaymentmethodschange", {
      elementType,
      paymentMethods: shown.length > 0 ? each({ available: true }) : undefined,
    });
  }

  for (const button of buttons) {
    button.addEventListener("click", () => event("press", { wallet: button.dataset.wallet }));
  }

  function event(name, value) {
    parent.postMessage({ event: name, value }, PARENT);
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (source === parent && origin === PARENT && data?.what === "options") show(data.value);
  });
  event("hello", {});
})();
