// A stand-in for PayPal's JavaScript SDK: `paypal.Buttons({...}).render(where)`, as far as a
// checkout page uses it. The buttons open the sandbox's approval page in a window of its own, or in
// this one if windows are blocked.
(() => {
  const script = document.currentScript;
  const base = new URL("../checkoutnow", script.src);
  const FUNDING = { PAYPAL: "paypal", CREDIT: "credit", PAYLATER: "paylater", VENMO: "venmo" };
  const LOOKS = {
    paypal: { label: "PayPal", ground: "#ffc439", ink: "#0b2a6b" },
    venmo: { label: "Venmo", ground: "#0074de", ink: "#ffffff" },
    paylater: { label: "Pay Later", ground: "#ffc439", ink: "#0b2a6b" },
    credit: { label: "PayPal Credit", ground: "#1f4fa3", ink: "#ffffff" },
  };

  const approval = (order) => {
    const url = new URL(base);
    url.searchParams.set("token", order);
    url.searchParams.set("opener", window.location.origin);
    return url;
  };

  // Resolves with what the payer decided in `popup`; a closed window is a payer who gave up.
  const decision = (popup, order) =>
    new Promise((resolve) => {
      const done = (result) => {
        window.removeEventListener("message", listen);
        clearInterval(watch);
        resolve(result);
      };
      const listen = (event) => {
        const told = event.data;
        if (event.origin !== base.origin || event.source !== popup) return;
        if (told?.from !== "quittance-sandbox-paypal" || told.orderID !== order) return;
        done(told);
      };
      window.addEventListener("message", listen);
      const watch = setInterval(() => popup.closed && done({ result: "canceled" }), 300);
    });

  const pay = async (options, popup, source) => {
    const order = await options.createOrder({ paymentSource: source }, {});
    if (!popup) {
      const url = approval(order);
      url.searchParams.delete("opener");
      window.location.assign(url);
      return;
    }
    for (let again = true; again; ) {
      again = false;
      popup.location.replace(approval(order));
      const told = await decision(popup, order);
      if (told.result !== "approved") {
        popup.close();
        await options.onCancel?.({ orderID: order }, {});
        return;
      }
      const restart = () => {
        again = true;
      };
      const data = { orderID: order, payerID: told.payerID, paymentSource: source };
      await options.onApprove?.(data, { restart });
    }
    popup.close();
  };

  const button = (source, options, busy) => {
    const { label, ground, ink } = LOOKS[source];
    const element = document.createElement("button");
    element.type = "button";
    element.dataset.fundingSource = source;
    element.setAttribute("aria-label", label);
    element.textContent = label;
    Object.assign(element.style, {
      display: "block",
      width: "100%",
      minHeight: "2.9rem",
      margin: "0 0 .6rem",
      border: "0",
      borderRadius: options.style?.shape === "pill" ? "2rem" : ".4rem",
      background: ground,
      color: ink,
      font: "italic 700 1.05rem system-ui, sans-serif",
      cursor: "pointer",
    });
    element.addEventListener("click", async () => {
      if (busy.now) return;
      busy.now = true;
      // At once: a browser lets only a click open a window.
      const popup = window.open("", "_blank", "popup,width=480,height=720");
      try {
        options.onClick?.({ fundingSource: source }, {});
        await pay(options, popup, source);
      } catch (error) {
        popup?.close();
        if (!options.onError) throw error;
        options.onError(error);
      } finally {
        busy.now = false;
      }
    });
    return element;
  };

  const Buttons = (options = {}) => {
    const sources = options.fundingSource
      ? [options.fundingSource]
      : [FUNDING.PAYPAL, FUNDING.VENMO, FUNDING.PAYLATER];
    let shown = null;
    return {
      isEligible: () => sources.every((source) => source in LOOKS),
      async render(where) {
        const place = typeof where === "string" ? document.querySelector(where) : where;
        if (!place) throw new Error(`paypal.Buttons: nothing to render into: ${where}`);
        const busy = { now: false };
        shown = document.createElement("div");
        shown.append(...sources.map((source) => button(source, options, busy)));
        place.append(shown);
        options.onInit?.({}, { enable: async () => {}, disable: async () => {} });
      },
      async close() {
        shown?.remove();
      },
    };
  };

  const name = script.dataset.namespace || "paypal";
  window[name] = {
    version: "sandbox",
    FUNDING,
    Buttons,
    getFundingSources: () => Object.values(FUNDING),
    isFundingEligible: (source) => source in LOOKS,
  };
})();
