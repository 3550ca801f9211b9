// Takes a picture of every page, at both widths, light and dark, into the directory that is named.
import { mkdir } from "node:fs/promises";

import { deskScene, deskShots } from "./desk_shots.mjs";
import { BASE, SIZES, agree, card, launch, open, paypalWindow, signIn, typeCard } from "./browser.mjs";
import { openWallet } from "./wallets.mjs";

const into = process.argv[2] ?? "shots";
const only = process.argv[3] ?? "";
await mkdir(into, { recursive: true });
const browser = await launch();
const request = "desk".includes(only.slice(0, 4)) ? await deskScene() : "";
for (const size of Object.keys(SIZES)) {
  for (const colorScheme of ["light", "dark"]) {
    const page = await open(browser, size, { colorScheme });
    const shot = async (name) => {
      if (!name.includes(only)) return;
      // What sticks to the window stands where it does before anybody scrolls.
      await page.evaluate(() => scrollTo(0, 0));
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${into}/${name}-${size}-${colorScheme}.png`, fullPage: true });
    };
    if (!only.startsWith("desk")) await payerShots(page, { shot, size, colorScheme });
    if (request) await deskShots(page, shot, request);
    if (page.trouble.length) console.log(size, colorScheme, page.trouble);
    await page.context().close();
  }
}
await browser.close();

async function payerShots(page, { shot, size, colorScheme }) {
  const ready = () => page.locator("#submit:enabled").waitFor();
  await page.goto(BASE);
  await shot("home");
  await page.goto(`${BASE}/sign-in`);
  await shot("sign-in");
  await signIn(page, "Mira", "/checkout/pro-200");
  await ready();
  await shot("checkout-empty");
  await openWallet(page, "Google Pay");
  await shot("wallet");
  await page.keyboard.press("Escape");
  await typeCard(page, "4000000000009995");
  await page.locator("#submit").click();
  await page.locator("#failure:visible").waitFor();
  await shot("checkout-failed");
  await typeCard(page, "4242424242424241");
  await shot("checkout-wrong");
  await card(page).locator("summary").filter({ hasText: "Test cards" }).click();
  await shot("checkout-cards");
  await typeCard(page, "4000002760003184");
  await page.locator("#submit").click();
  await page.frameLocator("dialog iframe").getByRole("button", { name: "Yes" }).waitFor();
  await shot("challenge");
  await page.frameLocator("dialog iframe").getByRole("button", { name: "Yes" }).click();
  await page.waitForURL(/payments/);
  await page.getByText("Receipt mailed").waitFor();
  await shot("paid");
  await page.goto(BASE);
  await shot("home-signed-in");
  await page.goto(`${BASE}/checkout/pro-200`);
  await ready();
  const popup = await paypalWindow(page);
  await popup.getByRole("button", { name: "Log in" }).waitFor();
  if ("paypal-login".includes(only)) await popup.screenshot({ path: `${into}/paypal-login-${size}-${colorScheme}.png` });
  await agree(popup, /0002/);
  await page.locator("#paypal-failure:visible").waitFor();
  await shot("paypal-declined");
  await agree(popup, /eCheck/);
  await page.waitForURL(/payments/);
  await page.getByText("six business days").waitFor();
  await shot("paypal-pending");
  await page.goto(`${BASE}/checkout/pro-200?canceled=paypal`);
  await ready();
  await shot("paypal-canceled");
  // A payment that was begun and not paid.
  await page.goto(`${BASE}/checkout/starter-50`);
  await ready();
  const begun = await page.evaluate(async () => {
    const { begin, csrf } = document.getElementById("pay").dataset;
    const answer = await fetch(begin, { method: "POST", body: new URLSearchParams({ csrf }) });
    return answer.json();
  });
  await page.goto(`${BASE}/payments/${begun.payment}`);
  await shot("waiting");
  await page.goto(`${BASE}/billing`);
  await shot("billing");
  await page.goto(`${BASE}/methods`);
  await ready();
  await shot("methods-empty");
  await typeCard(page, "5555555555554444");
  await page.locator("#submit").click();
  await page.locator(".rows b").getByText("4444").first().waitFor();
  await ready();
  await shot("methods");
  await page.goto(`${BASE}/checkout/pro-200`);
  await ready();
  await shot("checkout-saved");
  await page.getByRole("radio", { name: "Another card or bank account" }).check();
  await ready();
  await shot("checkout-another");
  await page.goto(`${BASE}/methods`);
  for (let left = await page.getByRole("button", { name: /Remove/ }).count(); left > 0; left--) {
    await page.getByRole("button", { name: /Remove/ }).first().click();
    await page.waitForLoadState();
  }
  await page.goto(`${BASE}/nowhere`);
  await shot("nowhere");
  await page.goto(`${BASE}/sandbox`);
  await shot("sandbox");
  await page.getByRole("link", { name: "Pay", exact: true }).first().click();
  await shot("sandbox-pay");
  await page.goto(`${BASE}/sandbox/mail`);
  await shot("sandbox-mailbox");
  await page.locator(".rows a").first().click();
  await page.waitForTimeout(200);
  await shot("sandbox-mail");
}
