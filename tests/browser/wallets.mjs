// Apple Pay and Google Pay, as the sandbox plays them.
import { BASE } from "./browser.mjs";

/** Presses the button of the wallet called `name`: the inside of its sheet. */
export async function openWallet(page, name) {
  await page.frameLocator("#express iframe").getByRole("button", { name }).click();
  const sheet = page.frameLocator("dialog iframe");
  await sheet.getByRole("button", { name: `Pay with ${name}` }).waitFor();
  return sheet;
}

export function walletTests(test, { expect, complain, fits, eventually, toCheckout, credits, paid }) {
  const pay = (sheet, name) => sheet.getByRole("button", { name: `Pay with ${name}` }).click();
  const gone = (page) => page.locator("dialog").waitFor({ state: "detached" });

  // 002-PM2, 002-PM4
  test("Google Pay pays, is named on page and receipt, and its card is saved", async (page) => {
    await toCheckout(page, "Demo");
    await page.getByLabel("Save it for the next time").check();
    await page.locator("#express iframe").waitFor();
    await expect("no serious finding", complain(page));
    const sheet = await openWallet(page, "Google Pay");
    await sheet.getByText("Pro: 240 credits").waitFor();
    await expect("no serious finding in the sheet", complain(page));
    await expect("it fits its width", fits(page));
    await pay(sheet, "Google Pay");
    await paid(page);
    await page.getByText("Google Pay (Visa •••• 4242)").waitFor();
    await page.getByText("Receipt mailed").waitFor();
    await eventually("the card is offered", async () => {
      await page.goto(`${BASE}/methods`);
      return (await page.getByRole("button", { name: /Remove Visa/ }).count()) === 1;
    });
    await page.getByRole("button", { name: /Remove Visa/ }).click();
    await page.getByText("Nothing is saved").waitFor();
    await page.goto(`${BASE}/sandbox/mail`);
    await page.locator(".rows a").first().click();
    await page.frameLocator("iframe.letter").getByText("Google Pay (Visa ending in 4242)").waitFor();
  });

  // 002-PM2, AC9.1.4
  test("Apple Pay: closed, nothing changes; declined, the next step is told; then it pays", async (page) => {
    await toCheckout(page, "Aiko", "basic-100");
    const before = await credits(page);
    const first = await openWallet(page, "Apple Pay");
    await first.getByRole("button", { name: "Cancel" }).click();
    await gone(page);
    await openWallet(page, "Apple Pay");
    await page.keyboard.press("Escape");
    await gone(page);
    await expect("nothing is said", page.locator("#failure").isHidden());
    await expect("the form can be used", page.locator("#submit").isEnabled());
    const second = await openWallet(page, "Apple Pay");
    await second.getByLabel(/Declined/).check();
    await pay(second, "Apple Pay");
    await page.locator("#failure").filter({ hasText: "declined" }).filter({ hasText: "ask your bank" }).waitFor();
    await gone(page);
    await expect("no serious finding", complain(page));
    await pay(await openWallet(page, "Apple Pay"), "Apple Pay");
    await paid(page);
    const told = await page.locator(".outcome").textContent();
    await expect("credits once", told.includes(`${before + 110} credits`));
    await expect("the wallet", told.includes("Apple Pay (Visa •••• 4242)"));
  });

  test("where the browser has no wallet, no button for one is shown", async (page) => {
    // What Stripe's script says then.
    const body = "<script>parent.postMessage({ event: 'ready', value: {} }, '*')</script>";
    await page.route("**/elements/express*", (route) => route.fulfill({ contentType: "text/html", body }));
    await toCheckout(page, "Mira");
    await expect("there is no row of them", page.locator("#wallets").isHidden());
  });
}
