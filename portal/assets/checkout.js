// Pages with a card form: puts Stripe's form into the page, asks our server for a payment (or, to
// save a card, for a setup) when the button is pressed, and lets Stripe's script confirm it. A card
// that was saved needs no form. No card passes through here.
(() => {
  "use strict";

  const form = document.getElementById("pay");
  const place = document.getElementById("element");
  const failure = document.getElementById("failure");
  const button = document.getElementById("submit");
  const label = document.getElementById("label");
  const say = document.getElementById("say");
  const caption = label.textContent;
  const typed = document.getElementById("typed");
  const keep = document.getElementById("keep");
  const wallets = document.getElementById("wallets");
  const { key, account, amount, currency, item, begin, base, csrf, mode = "payment" } = form.dataset;

  // The payment that was begun. A declined card does not end it: another card may pay it.
  let begun = null;
  let failed = false;
  let element = null;

  if (typeof Stripe !== "function") {
    place.removeAttribute("aria-busy");
    place.textContent = "";
    tell("The form could not be loaded.", "Check your connection and reload the page.");
    return;
  }

  const stripe = Stripe(key, account ? { stripeAccount: account } : undefined);
  const order = mode === "setup" ? { mode } : { mode, amount: Number(amount), currency };
  const elements = stripe.elements({ ...order, appearance: appearance() });
  form.addEventListener("change", ({ target }) => {
    if (target.name === "way") choose();
    if (keep) elements.update({ setupFutureUsage: keeping() ? "off_session" : null });
  });
  choose();
  if (wallets) offerWallets();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => elements.update({ appearance: appearance() }));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    failure.hidden = true;
    busy("Checking…");
    try {
      await (mode === "setup" ? save() : pay());
    } catch {
      broke();
    }
  });

  // The saved card that is chosen; nothing where a card is to be typed.
  function chosen() {
    return form.querySelector("[name=way]:checked")?.value || null;
  }

  // Whether what is typed, or is in a wallet, is to be saved.
  function keeping() {
    return Boolean(keep?.checked) && chosen() === null;
  }

  // Shows the form for a card, if one is to be typed.
  function choose() {
    failure.hidden = true;
    if (typed) typed.hidden = chosen() !== null;
    idle();
    if (chosen() || element) return;
    button.disabled = true;
    // Wallets have their own buttons where there is something to pay.
    const none = { applePay: "never", googlePay: "never" };
    element = elements.create("payment", { layout: "tabs", ...(wallets ? { wallets: none } : {}) });
    element.on("ready", () => {
      place.removeAttribute("aria-busy");
      place.firstElementChild?.matches("p") && place.firstElementChild.remove();
      button.disabled = false;
    });
    element.on("loaderror", () => tell("The form could not be loaded.", "Reload the page."));
    element.on("change", () => { failure.hidden = true; });
    element.mount(place);
  }

  // Apple Pay and Google Pay, where the payer's browser has one of them. PayPal's button is PayPal's.
  function offerWallets() {
    const never = { amazonPay: "never", klarna: "never", link: "never", paypal: "never" };
    const express = elements.create("expressCheckout", {
      paymentMethods: { applePay: "auto", googlePay: "auto", ...never },
      buttonType: { applePay: "plain", googlePay: "plain" },
      buttonHeight: 48,
      layout: { maxColumns: 2, overflow: "never" },
      lineItems: [{ name: item, amount: Number(amount) }],
    });
    const show = (methods) => {
      const some = Object.values(methods ?? {}).some((method) => method?.available ?? method);
      wallets.toggleAttribute("data-away", !some);
    };
    express.on("ready", ({ availablePaymentMethods }) => show(availablePaymentMethods));
    express.on("availablepaymentmethodschange", ({ paymentMethods }) => show(paymentMethods));
    express.on("click", ({ resolve, reject }) => {
      if (form.hasAttribute("aria-busy")) return reject();
      failure.hidden = true;
      resolve();
    });
    // Who closes the sheet has changed nothing, so `cancel` needs no answer.
    express.on("confirm", async ({ paymentFailed }) => {
      const paid = await payFromWallet().catch(broke);
      if (!paid) paymentFailed({ reason: "fail" });
    });
    express.mount("#express");
  }

  // The payer has agreed in the wallet's sheet. Says whether it is paid.
  async function payFromWallet() {
    busy("Checking…");
    const { error: refused } = await elements.submit();
    if (!refused) return settle(keeping() ? { keep: "yes" } : {});
    tell(sentence(refused.message), "Nothing was taken. Try again, or pay another way.");
    return false;
  }

  async function pay() {
    const method = chosen();
    if (!method) {
      const { error: incomplete } = await elements.submit();
      // The form itself shows what is wrong with a field.
      if (incomplete) return idle();
    }
    await settle(method ? { method } : keeping() ? { keep: "yes" } : {});
  }

  // Begins a payment, or goes on with the one that was begun, and has it confirmed. Says whether it is
  // paid; if not, what to do next has been told.
  async function settle(how) {
    const { method } = how;
    // One that was begun otherwise, or whose saved card was declined, is left alone: unpaid, it ends.
    const same = begun && JSON.stringify(begun.how) === JSON.stringify(how);
    if (!same || (method && failed)) {
      const answer = await send(begin, how);
      if (answer.type === "opaqueredirect") return signedOut();
      const body = await answer.json();
      if (!answer.ok) return tell(sentence(body.title), "Try again in a moment.");
      begun = { ...body, how };
      failed = false;
    }

    busy("Your bank is asked…", "This usually takes a few seconds. Please keep this page open.");
    const page = `${base}/payments/${begun.payment}`;
    const { error } = await stripe.confirmPayment({
      ...(method ? {} : { elements }),
      clientSecret: begun.clientSecret,
      confirmParams: { return_url: page },
      redirect: "if_required",
    });
    if (!error) {
      // Our server may know of the card that failed and not yet of the one that paid.
      if (failed) await send(`/payments/${begun.payment}/check`).catch(() => {});
      location.assign(page);
      return true;
    }
    if (error.type === "validation_error") return idle();
    failed = true;
    return explain(error);
  }

  // Saves a card without a payment.
  async function save() {
    const { error: incomplete } = await elements.submit();
    if (incomplete) return idle();
    const answer = await send(begin);
    if (answer.type === "opaqueredirect") return signedOut();
    const body = await answer.json();
    if (!answer.ok) return tell(sentence(body.title), "Try again in a moment.");
    busy("Your bank is asked…");
    const page = `${base}${begin}`;
    const { error, setupIntent } = await stripe.confirmSetup({
      elements,
      clientSecret: body.clientSecret,
      confirmParams: { return_url: page },
      redirect: "if_required",
    });
    if (error?.type === "validation_error") return idle();
    if (error) return tell(sentence(error.message), "Nothing was saved. Use another card.");
    // Our server learns of it by an event too; so that the page shows it at once, it is told here.
    const token = setupIntent.payment_method?.id ?? setupIntent.payment_method;
    if (await noted(token)) return location.assign(page);
    tell("It is saved, but is not shown here yet.", "Reload the page in a moment.");
    failure.classList.replace("bad", "wait");
    // Pressed again, it would be saved twice.
    button.disabled = true;
  }

  // Has our server note what was saved. Twice is once.
  async function noted(token) {
    for (const pause of [0, 500, 2000]) {
      await new Promise((resolve) => setTimeout(resolve, pause));
      const answer = await send(`${begin}/keep`, { token }).catch(() => null);
      if (answer?.type === "opaqueredirect") return true;
    }
    return false;
  }

  // Our server's words: they name the next step. Stripe's, if ours cannot be had.
  async function explain(error) {
    try {
      const answer = await send(`/payments/${begun.payment}/check`);
      if (answer.type === "opaqueredirect") return signedOut();
      const verdict = answer.ok ? await answer.json() : null;
      if (verdict && !verdict.open) return tell(verdict.text, verdict.next);
    } catch {
      // Said below.
    }
    tell(error.message ?? "The payment did not go through.", "Check the card, or use another one.");
  }

  function send(path, more = {}) {
    const body = new URLSearchParams({ csrf, ...more });
    return fetch(path, { method: "POST", body, redirect: "manual" });
  }

  function signedOut() {
    tell("Your session has ended.", "Reload this page and sign in again; you have not been charged.");
  }

  function busy(text, more = "") {
    button.disabled = true;
    button.querySelector(".spinner").hidden = false;
    label.textContent = text;
    say.textContent = more;
    form.setAttribute("aria-busy", "true");
  }

  function idle() {
    button.disabled = false;
    button.querySelector(".spinner").hidden = true;
    const name = form.querySelector("[name=way]:checked")?.dataset.name;
    label.textContent = name ? `${caption} with ${name}` : caption;
    say.textContent = "";
    form.removeAttribute("aria-busy");
  }

  function tell(what, next) {
    idle();
    const first = document.createElement("b");
    first.textContent = what;
    failure.replaceChildren(first, ` ${next}`);
    failure.hidden = false;
    failure.scrollIntoView({ block: "nearest" });
  }

  function broke() {
    const charged = mode === "setup" ? "Nothing was charged" : "You have not been charged twice";
    tell("The connection broke.", `${charged}: press the button again.`);
  }

  function sentence(text = "The payment could not be begun") {
    return `${text.charAt(0).toUpperCase()}${text.slice(1).replace(/\.?$/, ".")}`;
  }

  // Our colours, in the form that Stripe takes.
  function appearance() {
    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("span");
    probe.hidden = true;
    document.body.append(probe);
    const color = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    const variables = {
      colorPrimary: color("--accent"),
      colorBackground: color("--card"),
      colorText: color("--ink"),
      colorTextSecondary: color("--soft"),
      colorDanger: color("--bad"),
      borderRadius: style.getPropertyValue("--round").trim(),
      fontFamily: "Inter, system-ui, sans-serif",
      fontSizeBase: "16px",
      spacingUnit: "4px",
    };
    probe.remove();
    return { theme: matchMedia("(prefers-color-scheme: dark)").matches ? "night" : "stripe", variables };
  }
})();
