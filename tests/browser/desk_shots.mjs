// Pictures of the desk: every list, and one page of each kind.
import { BASE, signIn } from "./browser.mjs";
import { askRefund, buy, call } from "./staff.mjs";

/** Something for each list to show: once, whatever the size. */
export async function deskScene() {
  await buy("aiko", "pm_card_mastercard");
  await call("aiko", "/payments/stripe/intent", {
    packageId: "pro-200",
    paymentMethodId: "pm_card_chargeDeclinedInsufficientFunds",
  }).then(({ clientSecret }) => call("aiko", "/payments/confirm", { paymentIntentId: clientSecret.split("_secret_")[0] })).catch(() => undefined);
  await buy("jonas", "pm_card_createDispute").catch(() => undefined);
  await buy("jonas", "pm_card_riskLevelElevated").catch(() => undefined);
  return askRefund("mira");
}

export async function deskShots(page, shot, request) {
  await signIn(page, "Omar", "/desk");
  await shot("desk-dashboard");
  for (const name of ["payments", "failed", "refunds", "disputes", "revenue", "users", "reviews", "blocklist", "events", "reconciliation", "jobs", "controls", "audit"]) {
    await page.goto(`${BASE}/desk/${name}`);
    await shot(`desk-${name}`);
  }
  await page.goto(`${BASE}/desk/refunds/${request}`);
  await shot("desk-refund");
  await page.getByRole("link", { name: "The payment's whole story" }).click();
  await shot("desk-payment");
  await page.goto(`${BASE}/desk/refunds/${request}/approve?amount=64`);
  await shot("desk-refund-approve");
  for (const [list, name] of [["users", "user"], ["events", "event"], ["jobs", "job"]]) {
    await page.goto(`${BASE}/desk/${list}`);
    await page.locator("tbody a").first().click();
    await shot(`desk-${name}`);
  }
  await page.goto(`${BASE}/desk/events?kind=payment_intent.succeeded`);
  await page.locator("tbody a").first().click();
  await page.getByRole("button", { name: "Replay…" }).click();
  await shot("desk-replay");
  await page.goto(`${BASE}/desk/reconciliation`);
  await page.locator("form").filter({ hasText: "One payment" }).getByLabel("Payment").fill(await buy("demo"));
  await page.getByRole("button", { name: "Sync this payment" }).click();
  await page.getByText("Nothing was missing.").first().waitFor();
  await shot("desk-sync");
  await page.goto(`${BASE}/desk/audit`);
  await page.getByRole("button", { name: "Verify the log" }).click();
  await shot("desk-verify");
  await call("felix", "/admin/adjustments", { userId: "mira", credits: 15, reason: "The render failed.", reference: `shot-${Math.random()}` }, ["finance"]);
  await page.goto(`${BASE}/desk/adjustments`);
  await shot("desk-adjustments");
  await page.locator("tbody a").first().click();
  await shot("desk-adjustment");
  await page.goto(`${BASE}/desk/reviews`);
  await page.locator("tbody a").first().click();
  await shot("desk-review");
  await page.locator("summary").filter({ hasText: "Menu" }).click({ timeout: 500 }).catch(() => undefined);
  await shot("desk-menu");
}
