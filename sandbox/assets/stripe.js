// A stand-in for Stripe.js: the Payment Element in a frame of its own, confirmation, and the bank's
// challenge in a window over the page. It speaks to the sandbox that serves it, and to no one else.
// A card is typed in the frame and sent from there: the page never sees it.
(() => {
  "use strict";

  const SANDBOX = new URL("./", document.currentScript.src);
  const API = new URL("stripe/v1/", SANDBOX);

  // Errors in how the script is used, as the real one throws them.
  class IntegrationError extends Error {
    constructor(message) {
      super(message);
      this.name = "IntegrationError";
    }
  }

  // A frame that answers questions.
  class Frame {
    constructor(path, title) {
      this.node = document.createElement("iframe");
      const url = new URL(path, SANDBOX);
      url.searchParams.set("parent", location.origin);
      this.node.src = url.href;
      this.node.title = title;
      Object.assign(this.node.style, { width: "100%", border: "0", display: "block" });
      this.asked = new Map();
      this.count = 0;
      this.listeners = new Map();
      this.hear = (event) => this.take(event);
      addEventListener("message", this.hear);
    }

    take({ source, origin, data }) {
      if (source !== this.node.contentWindow || origin !== SANDBOX.origin || !data) return;
      if (data.answers !== undefined) {
        this.asked.get(data.answers)?.(data.value);
        this.asked.delete(data.answers);
      } else {
        this.listeners.get(data.event)?.forEach((listener) => listener(data.value ?? {}));
      }
    }

    on(event, listener) {
      this.listeners.set(event, [...(this.listeners.get(event) ?? []), listener]);
    }

    off(event, listener) {
      const rest = (this.listeners.get(event) ?? []).filter((each) => listener && each !== listener);
      this.listeners.set(event, rest);
    }

    tell(what, value) {
      this.node.contentWindow?.postMessage({ what, value }, SANDBOX.origin);
    }

    ask(what, value) {
      const id = ++this.count;
      return new Promise((resolve) => {
        this.asked.set(id, resolve);
        this.node.contentWindow.postMessage({ what, value, id }, SANDBOX.origin);
      });
    }

    remove() {
      removeEventListener("message", this.hear);
      this.node.remove();
    }
  }

  class PaymentElement {
    constructor(group) {
      this.group = group;
      this.frame = null;
      this.waiting = [];
    }

    mount(place) {
      const parent = typeof place === "string" ? document.querySelector(place) : place;
      if (!parent) {
        throw new IntegrationError(`The selector you specified (${place}) applies to no DOM elements.`);
      }
      if (this.frame) throw new IntegrationError("This Element has already been mounted.");
      // Bank debits are in dollars.
      const { currency = "usd" } = this.group.options;
      const path = currency === "usd" ? "elements/payment?bank=yes" : "elements/payment";
      this.frame = new Frame(path, "Secure payment input frame");
      this.waiting.forEach(([event, listener]) => this.on(event, listener));
      this.frame.node.style.height = "14rem";
      this.frame.on("height", ({ height }) => { this.frame.node.style.height = `${height}px`; });
      this.frame.on("hello", () => this.frame.tell("appearance", this.group.options.appearance ?? {}));
      parent.append(this.frame.node);
      return this;
    }

    on(event, listener) {
      if (this.frame) this.frame.on(event, listener);
      else this.waiting.push([event, listener]);
      return this;
    }

    once(event, listener) {
      const first = (value) => { this.off(event, first); listener(value); };
      return this.on(event, first);
    }

    off(event, listener) {
      this.frame?.off(event, listener);
      return this;
    }

    update() { return this; }
    collapse() { return this; }
    focus() { this.frame?.tell("focus"); }
    blur() { this.frame?.tell("blur"); }
    clear() { this.frame?.tell("clear"); }

    unmount() {
      this.frame?.remove();
      this.frame = null;
    }

    destroy() {
      this.unmount();
      this.group.payment = null;
    }
  }

  class Elements {
    constructor(options) {
      if (!options.clientSecret && !options.mode) {
        throw new IntegrationError("In order to create a payment element, you must pass a clientSecret or a mode.");
      }
      this.options = { ...options };
      this.payment = null;
      this.submitted = false;
    }

    create(kind) {
      if (kind !== "payment") {
        throw new IntegrationError(`The sandbox has no ${kind} Element, only the payment Element.`);
      }
      if (this.payment) {
        throw new IntegrationError("Can only create one Element of type payment through this Elements.");
      }
      this.payment = new PaymentElement(this);
      return this.payment;
    }

    getElement(kind) { return kind === "payment" ? this.payment : null; }

    update(options) {
      Object.assign(this.options, options);
      if (options.appearance) this.payment?.frame?.tell("appearance", options.appearance);
    }

    async fetchUpdates() { return {}; }

    async submit() {
      const frame = this.payment?.frame;
      if (!frame) throw new IntegrationError("elements.submit() must be called with a mounted Element.");
      const answer = await frame.ask("submit");
      this.submitted = !answer.error;
      return answer;
    }
  }

  class Instance {
    constructor(key, options = {}) {
      if (typeof key !== "string" || key === "") {
        throw new IntegrationError("Missing value for Stripe(): apiKey should be a string.");
      }
      if (!key.startsWith("pk_test_")) {
        throw new IntegrationError("This is a sandbox: it takes publishable test keys only (pk_test_…).");
      }
      this.key = key;
      this.account = options.stripeAccount;
    }

    elements(options = {}) { return new Elements(options); }

    async confirmPayment(options) {
      const { elements, confirmParams = {}, redirect = "always" } = options;
      const clientSecret = options.clientSecret ?? elements?.options.clientSecret;
      if (!clientSecret) throw new IntegrationError("Missing value for clientSecret.");
      if (!confirmParams.return_url && redirect !== "if_required") {
        throw new IntegrationError("You must provide confirmParams.return_url.");
      }
      const deferred = elements && !elements.options.clientSecret;
      if (deferred && !elements.submitted) {
        throw new IntegrationError("elements.submit() must be called before stripe.confirmPayment().");
      }
      const answer = elements
        ? await elements.payment.frame.ask("confirm", {
            key: this.key,
            clientSecret,
            returnUrl: confirmParams.return_url,
            futureUsage: elements.options.setupFutureUsage,
          })
        : await this.#post(clientSecret, confirmParams);
      const result = await this.#finish(answer, clientSecret);
      if (result.paymentIntent && redirect === "always") {
        const url = new URL(confirmParams.return_url);
        url.searchParams.set("payment_intent", result.paymentIntent.id);
        url.searchParams.set("payment_intent_client_secret", clientSecret);
        url.searchParams.set("redirect_status", "succeeded");
        location.assign(url);
        return new Promise(() => {});
      }
      return result;
    }

    async confirmSetup(options) {
      const { elements, confirmParams = {}, redirect = "always" } = options;
      const clientSecret = options.clientSecret ?? elements?.options.clientSecret;
      if (!elements || !clientSecret) throw new IntegrationError("Missing value for clientSecret.");
      if (!confirmParams.return_url && redirect !== "if_required") {
        throw new IntegrationError("You must provide confirmParams.return_url.");
      }
      if (!elements.options.clientSecret && !elements.submitted) {
        throw new IntegrationError("elements.submit() must be called before stripe.confirmSetup().");
      }
      const answer = await elements.payment.frame.ask("confirm", {
        key: this.key,
        clientSecret,
        returnUrl: confirmParams.return_url,
      });
      const result = await this.#finish(answer, clientSecret);
      if (result.setupIntent && redirect === "always") {
        const url = new URL(confirmParams.return_url);
        url.searchParams.set("setup_intent", result.setupIntent.id);
        url.searchParams.set("setup_intent_client_secret", clientSecret);
        url.searchParams.set("redirect_status", "succeeded");
        location.assign(url);
        return new Promise(() => {});
      }
      return result;
    }

    async handleNextAction({ clientSecret }) {
      const found = await this.retrievePaymentIntent(clientSecret);
      return found.error ? found : this.#finish(found, clientSecret);
    }

    async retrievePaymentIntent(clientSecret) {
      return this.#retrieve("payment_intents", "paymentIntent", clientSecret);
    }

    async retrieveSetupIntent(clientSecret) {
      return this.#retrieve("setup_intents", "setupIntent", clientSecret);
    }

    async #retrieve(kind, name, clientSecret) {
      const url = new URL(`${kind}/${idOf(clientSecret)}`, API);
      url.searchParams.set("client_secret", clientSecret);
      return read(await fetch(url, { headers: this.#headers() }), name);
    }

    #headers() { return { authorization: `Bearer ${this.key}` }; }

    async #post(clientSecret, { return_url: returnUrl, payment_method: method }) {
      const body = new URLSearchParams({ client_secret: clientSecret, use_stripe_sdk: "true" });
      if (method) body.set("payment_method", method);
      if (returnUrl) body.set("return_url", returnUrl);
      const url = new URL(`payment_intents/${idOf(clientSecret)}/confirm`, API);
      return read(await fetch(url, { method: "POST", headers: this.#headers(), body }));
    }

    // Shows the challenge, if the bank wants one, and tells how it ended.
    async #finish(answer, clientSecret) {
      const action = (answer.paymentIntent ?? answer.setupIntent)?.next_action;
      if (answer.error || action?.type !== "use_stripe_sdk") return answer;
      await challenge(action.use_stripe_sdk.stripe_js);
      const after = answer.setupIntent
        ? await this.retrieveSetupIntent(clientSecret)
        : await this.retrievePaymentIntent(clientSecret);
      const now = after.paymentIntent ?? after.setupIntent;
      const failed = now?.status === "requires_payment_method";
      return failed ? { error: now.last_payment_error ?? now.last_setup_error } : after;
    }
  }

  // The bank's page, in a window over the page until it is answered.
  function challenge(url) {
    const window = document.createElement("dialog");
    window.setAttribute("aria-label", "3-D Secure");
    Object.assign(window.style, {
      width: "100%", maxWidth: "none", height: "100%", maxHeight: "none", padding: "16px",
      border: "0", background: "rgb(10 12 24 / 55%)", boxSizing: "border-box",
    });
    // By the name that the page knows the sandbox by.
    const { pathname, search } = new URL(url);
    const frame = new Frame(pathname + search, "3-D Secure: your bank asks for confirmation");
    Object.assign(frame.node.style, {
      maxWidth: "25rem", height: "24rem", maxHeight: "100%", margin: "max(0px, calc(50vh - 14rem)) auto 0",
      borderRadius: "14px", background: "Canvas", colorScheme: "light dark",
    });
    window.append(frame.node);
    document.body.append(window);
    window.showModal();
    return new Promise((resolve) => {
      const close = () => {
        frame.remove();
        window.remove();
        resolve();
      };
      frame.on("answered", close);
      frame.on("height", ({ height }) => { frame.node.style.height = `${height}px`; });
      // Escape is an answer too; the bank's page gives it, so that the bank knows.
      window.addEventListener("cancel", (event) => {
        event.preventDefault();
        frame.tell("give-up");
      });
    });
  }

  function idOf(clientSecret) {
    const id = String(clientSecret).split("_secret_")[0];
    if (!/^(pi|seti)_\w+$/.test(id)) throw new IntegrationError("Invalid value for clientSecret.");
    return encodeURIComponent(id);
  }

  async function read(answer, name = "paymentIntent") {
    const body = await answer.json();
    return answer.ok ? { [name]: body } : { error: body.error };
  }

  globalThis.Stripe = Object.assign((key, options) => new Instance(key, options), { version: "sandbox" });
})();
