// For the frames that have what the payer gave: confirms a payment, or a setup, with it.
(() => {
  "use strict";

  globalThis.confirmIntent = async (api, { key, clientSecret, returnUrl, futureUsage }, method) => {
    const body = new URLSearchParams({ client_secret: clientSecret, use_stripe_sdk: "true", ...method });
    if (returnUrl) body.set("return_url", returnUrl);
    if (futureUsage) body.set("setup_future_usage", futureUsage);
    const id = encodeURIComponent(clientSecret.split("_secret_")[0]);
    const [kind, name] = id.startsWith("seti_")
      ? ["setup_intents", "setupIntent"]
      : ["payment_intents", "paymentIntent"];
    try {
      const answer = await fetch(new URL(`${kind}/${id}/confirm`, api), {
        method: "POST",
        headers: { authorization: `Bearer ${key}` },
        body,
      });
      const value = await answer.json();
      return answer.ok ? { [name]: value } : { error: value.error };
    } catch {
      return { error: { type: "api_connection_error", message: "We could not reach Stripe. Try again." } };
    }
  };
})();
