// A stand-in for Stripe.js: confirmation, and what a page holds in its hands. It speaks to the sandbox
// that serves it, and to no one else. A card is typed in a frame and sent from there: the page never
// sees it.

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
      ? await elements.confirm({
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
    const answer = await elements.confirm({
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
