// The pages in a real Chromium, as payers use them: at phone and desktop width.
//
// Each test has a page of its own, and fails too if the page complains in its console, breaks its
// content security policy, or has something that axe-core calls serious.
import { BASE, SIZES, card, launch, open, signIn, typeCard, violations } from "./browser.mjs";

const tests = [];
const test = (name, run) => tests.push({ name, run });

const submit = (page) => page.locator("#submit");
const bank = (page) => page.frameLocator("dialog iframe");

async function expect(what, holds) {
  if (!(await holds)) throw new Error(`not so: ${what}`);
}

/** Signs `person` in and goes to pay for `packageId`. */
async function toCheckout(page, person, packageId = "pro-200") {
  await signIn(page, person, `/checkout/${packageId}`);
  await submit(page).and(page.locator(":enabled")).waitFor();
}

/** Credits that the page says the visitor has. */
async function credits(page) {
  return Number(await page.locator(".balance b").textContent());
}

async function paid(page) {
  await page.waitForURL(/\/payments\/txn_/);
  await page.getByRole("heading", { name: "Thank you, that is paid" }).waitFor();
}

// AC9.1.1, AC9.1.3, AC9.4.1, 002-WF1
test("a card pays, the credits are there, the receipt is mailed", async (page) => {
  await toCheckout(page, "Mira");
  const before = await credits(page);
  await expect("no serious finding", complain(page));
  await typeCard(page, "4242424242424242");
  await submit(page).click();
  await paid(page);
  await page.getByText("Receipt mailed").waitFor();
  await expect("240 credits more", (await page.locator(".outcome").textContent()).includes(`${before + 240} credits`));
  await expect("no serious finding", complain(page));
  await page.goto(BASE);
  await expect("the balance is shown", (await credits(page)) === before + 240);
});

// AC9.1.5, 002-SF2, 002-TF4
test("3-D Secure is passed in a window over the page", async (page) => {
  await toCheckout(page, "Mira");
  await typeCard(page, "4000002760003184");
  await submit(page).click();
  const yes = bank(page).getByRole("button", { name: "Yes, it is me" });
  await yes.waitFor();
  await expect("no serious finding", complain(page));
  await yes.click();
  await paid(page);
});

// AC9.1.4, AC9.1.5
test("3-D Secure is failed: the form stays, and another card pays", async (page) => {
  await toCheckout(page, "Jonas");
  await typeCard(page, "4000002760003184");
  await submit(page).click();
  await bank(page).getByRole("button", { name: "No, refuse it" }).click();
  const alert = page.getByRole("alert").filter({ hasText: "could not confirm that it was you" });
  await alert.waitFor();
  await expect("the card is kept", (await card(page).getByLabel("Card number").inputValue()) === "4000 0027 6000 3184");
  await typeCard(page, "5555555555554444");
  await submit(page).click();
  await paid(page);
});

test("Escape closes 3-D Secure and counts as a no", async (page) => {
  await toCheckout(page, "Jonas");
  await typeCard(page, "4000002760003184");
  await submit(page).click();
  await bank(page).getByRole("button", { name: "Yes" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("alert").filter({ hasText: "could not confirm" }).waitFor();
  await expect("the window is gone", (await page.locator("dialog").count()) === 0);
});

// AC9.1.4, 002-ER1, 002-ER2, 002-ER3, 002-ER4, 000-UR2, 000-FR6
test("each refusal names its reason and the next step, and the form is kept", async (page) => {
  const cards = {
    4000000000000002: ["The payment was declined", "ask your bank"],
    4000000000009995: ["insufficient funds", "smaller package"],
    4000000000000069: ["has expired", "another card"],
    4000000000000127: ["security code is wrong", "Check the card"],
    4000000000000119: ["could not process", "in a minute"],
  };
  await toCheckout(page, "Aiko", "basic-100");
  const before = await credits(page);
  for (const [number, [reason, next]] of Object.entries(cards)) {
    await typeCard(page, number);
    await submit(page).click();
    await page.locator("#failure").filter({ hasText: reason }).filter({ hasText: next }).waitFor();
    await expect("nothing was charged is said", (await page.locator("#failure").textContent()).includes("not been charged"));
    await expect("the card is kept", (await card(page).getByLabel("Security code").inputValue()) === "123");
  }
  await expect("no serious finding", complain(page));
  await typeCard(page, "4242424242424242");
  await submit(page).click();
  await paid(page);
  await expect("credits once", (await page.locator(".outcome").textContent()).includes(`${before + 110} credits`));
});

// AC9.1.2, 000-FR4, 002-TF3
test("a card is checked while it is typed", async (page) => {
  await toCheckout(page, "Mira");
  const form = card(page);
  const [number, expiry, cvc] = ["Card number", "Expiration date", "Security code"].map((name) => form.getByLabel(name));
  const value = (field) => field.inputValue();
  const error = (id) => form.locator(`#${id}-error`);

  await number.pressSequentially("4242424242424241");
  await error("number").filter({ hasText: "invalid" }).waitFor();
  await number.press("Backspace");
  await number.pressSequentially("2");
  await expect("grouped", (await value(number)) === "4242 4242 4242 4242");
  await error("number").waitFor({ state: "hidden" });
  await expect("the brand is shown", (await form.locator("#brand").textContent()) === "VISA");
  await expect("on to the expiry", await expiry.evaluate((field) => field === document.activeElement));
  await page.keyboard.type("0120");
  await error("expiry").filter({ hasText: "past" }).waitFor();
  await expiry.fill("");
  await expiry.pressSequentially("9");
  await expect("a single digit is a month", (await value(expiry)).startsWith("09"));
  await page.keyboard.type("34");
  await expect("formatted", (await value(expiry)) === "09 / 34");
  await page.keyboard.type("12x3");
  await expect("digits only, and on to the code", (await value(cvc)) === "123");

  await number.fill("");
  await number.pressSequentially("378282246310005");
  await expect("American Express in 4, 6 and 5", (await value(number)) === "3782 822463 10005");
  await cvc.fill("");
  await cvc.pressSequentially("1234");
  await expect("four digits for it", (await value(cvc)) === "1234");
  await cvc.fill("12");
  await submit(page).click();
  await error("cvc").filter({ hasText: "incomplete" }).waitFor();
  await expect("nothing was begun", page.url().endsWith("/checkout/pro-200"));
  await number.fill("4242 42");
  await submit(page).click();
  await error("number").filter({ hasText: "incomplete" }).waitFor();
  await expect("no serious finding", complain(page));
});

// 001-FR8, AC9.4.4
test("billing lists what was bought, and leads to its receipt", async (page) => {
  await toCheckout(page, "Mira", "basic-100");
  await typeCard(page, "5555555555554444");
  await submit(page).click();
  await paid(page);
  await page.getByRole("link", { name: "Billing" }).click();
  await page.getByLabel("State").selectOption("Paid");
  await page.getByRole("button", { name: "Show" }).click();
  const row = page.getByRole("row").filter({ hasText: "Basic" }).first();
  await expect("the amount", (await row.textContent()).includes("$85.00"));
  await expect("no serious finding", complain(page));
  await expect("it fits its width", page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await row.getByRole("link", { name: /Receipt/ }).click();
  await page.getByRole("heading", { name: "Receipt", exact: true }).waitFor();
});

// 000-UR1
test("the keyboard alone suffices", async (page) => {
  await toCheckout(page, "Mira", "starter-50");
  await card(page).getByLabel("Card number").focus();
  await page.keyboard.type("4242424242424242");
  await page.keyboard.type("1234");
  await page.keyboard.type("123");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect("the button has the focus", await submit(page).evaluate((node) => node === document.activeElement));
  await page.keyboard.press("Enter");
  await paid(page);
});

// AC9.1.8
test("progress is shown from the payment's real state while the bank takes its time", async (page) => {
  await faults({ processing_ms: 3000 });
  try {
    await toCheckout(page, "Aiko", "starter-50");
    await typeCard(page, "4242424242424242");
    await submit(page).click();
    await page.waitForURL(/\/payments\/txn_/);
    await page.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
    await page.getByText(/This usually takes/).waitFor();
    await expect("no serious finding", complain(page));
    await paid(page);
  } finally {
    await faults({});
  }
});

test("a webhook that is lost is made good by asking", async (page) => {
  await faults({ drop_percent: 100 });
  try {
    await toCheckout(page, "Aiko", "starter-50");
    await typeCard(page, "4242424242424242");
    await submit(page).click();
    await paid(page);
  } finally {
    await faults({});
  }
});

test("every other page is sound", async (page) => {
  for (const path of ["/", "/sign-in", "/sandbox", "/sandbox/mail"]) {
    await page.goto(BASE + path);
    await expect("no serious finding", complain(page));
    await expect(`${path} fits its width`, page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }
  await page.locator(".rows a").first().click();
  await page.frameLocator("iframe.letter").getByText("Thank you").first().waitFor();
  await signIn(page, "Demo");
  await page.goto(`${BASE}/billing`);
  await expect("no serious finding", complain(page));
  await page.goto(`${BASE}/checkout/pro-200`);
  await expect("the checkout fits its width", page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

async function faults(wanted) {
  const answer = await fetch(`${BASE}/sandbox/control/faults`, { method: "POST", body: JSON.stringify(wanted) });
  if (!answer.ok) throw new Error(`faults: ${answer.status} ${await answer.text()}`);
}

/** Whether axe-core is content; what it finds is told in the error. */
async function complain(page) {
  const found = await violations(page);
  if (found.length > 0) throw new Error(`axe-core: ${found.join(" | ")}`);
  return true;
}

const wanted = process.argv[2] ?? "";
const browser = await launch();
let passed = 0;
let failed = 0;
for (const size of Object.keys(SIZES)) {
  for (const { name, run } of tests) {
    const title = `${size}: ${name}`;
    if (!title.includes(wanted)) continue;
    const page = await open(browser, size, { colorScheme: size === "phone" ? "dark" : "light" });
    page.setDefaultTimeout(15_000);
    const start = performance.now();
    try {
      await run(page);
      if (page.trouble.length > 0) throw new Error(page.trouble.join(" | "));
      console.log(`ok     ${title} (${Math.round(performance.now() - start)} ms)`);
      passed += 1;
    } catch (error) {
      console.log(`FAILED ${title}\n       ${error.message.replaceAll("\n", "\n       ")}`);
      failed += 1;
    }
    await page.context().close();
  }
}
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
