// The other side of the desk: what customers and providers do, so that there is something to decide.
import { createHmac } from "node:crypto";

import { BASE } from "./browser.mjs";

/** A token as the host application would sign it. */
function token(user, roles = []) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: user, email: `${user}@example.com`, roles, exp: Math.floor(Date.now() / 1000) + 3600 };
  const text = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createHmac("sha256", process.env.JWT_SECRET).update(text).digest("base64url")}`;
}

/** Asks the API as `user`, and returns what it says. */
export async function call(user, path, wish, roles) {
  const answer = await fetch(`${BASE}/api/v1${path}`, {
    method: wish ? "POST" : "GET",
    headers: { authorization: `Bearer ${token(user, roles)}`, "content-type": "application/json" },
    body: wish && JSON.stringify(wish),
  });
  const { success, data, detail } = await answer.json();
  if (!success) throw new Error(`${path}: ${answer.status} ${detail}`);
  return data;
}

/** Buys a package as `user`: the payment's id. */
export async function buy(user, paymentMethodId = "pm_card_visa") {
  const { clientSecret } = await call(user, "/payments/stripe/intent", { packageId: "pro-200", paymentMethodId });
  const paymentIntentId = clientSecret.split("_secret_")[0];
  await call(user, "/payments/confirm", { paymentIntentId });
  const { items } = await call(user, "/payments");
  return items[0].transactionId;
}

/** Buys a package as `user` and asks for a refund: the request's id. */
export async function askRefund(user) {
  const wish = { transactionId: await buy(user), reason: "Not needed any more", details: "I bought it twice." };
  return (await call(user, "/payments/refund", wish)).refundRequestId;
}

/** Buys a package as `user`, who goes to the bank at once: the dispute's id. */
export async function disputed(user) {
  const payment = await buy(user, "pm_card_createDispute");
  for (;;) {
    const { items } = await call("felix", "/admin/disputes?limit=100", undefined, ["finance"]);
    const found = items.find((dispute) => dispute.transactionId === payment);
    if (found) return found.disputeId;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
