// The checkout page: puts Stripe's card form into the page, asks our server for a payment when the
// payer presses the button, and lets Stripe's script confirm it. No card passes through here.
(() => {
  "use strict";

  const form = document.getElementById("pay");
  const place = document.getElementById("element");
  const failure = document.getElementById("failure");
  const button = document.getElementById("submit");
  const label = document.getElementById("label");
  const say = document.getElementById("say");
  const price = label.textContent;
  const { key, account, amount, currency, begin, base, csrf } = form.dataset;

  // The payment that was begun. A declined card does not end it: another card may pay it.
  let begun = null;
  let failed = false;

  if (typeof Stripe !== "function") {
    place.removeAttribute("aria-busy");
    place.textContent = "";
    tell("The card form could not be loaded.", "Check your connection and reload the page.");
    return;
  }

  const stripe = Stripe(key, account ? { stripeAccount: account } : undefined);
  const elements = stripe.elements({
    mode: "payment",
    amount: Number(amount),
    currency,
    appearance: appearance(),
  });
  const element = elements.create("payment", { layout: "tabs" });
  element.on("ready", () => {
    place.removeAttribute("aria-busy");
    place.firstElementChild?.matches("p") && place.firstElementChild.remove();
    button.disabled = false;
  });
  element.on("loaderror", () => tell("The card form could not be loaded.", "Reload the page."));
  element.on("change", () => { failure.hidden = true; });
  element.mount(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", () => elements.update({ appearance: appearance() }));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    failure.hidden = true;
    busy("Checking your card…");
    try {
      await pay();
    } catch {
      tell("The connection broke.", "You have not been charged twice: press the button again.");
    }
  });

  async function pay() {
    const { error: incomplete } = await elements.submit();
    // The form itself shows what is wrong with a field.
    if (incomplete) return idle();

    if (!begun) {
      const answer = await send(begin);
      if (answer.type === "opaqueredirect") return signedOut();
      const body = await answer.json();
      if (!answer.ok) return tell(sentence(body.title), "Try again in a moment.");
      begun = body;
    }

    busy("Your bank is asked…", "This usually takes a few seconds. Please keep this page open.");
    const page = `${base}/payments/${begun.payment}`;
    const { error } = await stripe.confirmPayment({
      elements,
      clientSecret: begun.clientSecret,
      confirmParams: { return_url: page },
      redirect: "if_required",
    });
    if (!error) {
      // Our server may know of the card that failed and not yet of the one that paid.
      if (failed) await send(`/payments/${begun.payment}/check`).catch(() => {});
      return location.assign(page);
    }
    if (error.type === "validation_error") return idle();
    failed = true;
    await explain(error);
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

  function send(path) {
    const body = new URLSearchParams({ csrf });
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
    label.textContent = price;
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
