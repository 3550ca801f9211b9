// The pages in a real Chromium, as payers use them: at phone and desktop width.
//
// Each test has a page of its own, and fails too if the page complains in its console, breaks its
// content security policy, or has something that axe-core calls serious.
import { deskTests } from "./desk.mjs";
import { hostedTests, stopHosted } from "./hosted.mjs";
import { walletTests } from "./wallets.mjs";
import { BASE, SIZES, agree, card, evidence, launch, open, paypalWindow, signIn, typeAccount, typeCard, violations } from "./browser.mjs";

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

/** Looks again until it is so: what follows from an event takes a moment. */
async function eventually(what, holds) {
  for (let tries = 0; tries < 40; tries++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  throw new Error(`never so: ${what}`);
}

/** Whether nothing has to be scrolled sideways. */
const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

/** What a download holds, as far as it is text. */
async function contents(download) {
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
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

// AC9.3.4, AC9.6.6
test("a risky payment waits for a person, who releases it", async (page) => {
  await toCheckout(page, "Jonas", "basic-100");
  const before = await credits(page);
  await typeCard(page, "4000000000009235");
  await submit(page).click();
  await page.waitForURL(/\/payments\/txn_/);
  const payment = new URL(page.url()).pathname;
  await page.getByRole("heading", { name: "Paid, and being reviewed" }).waitFor();
  await expect("no serious finding", complain(page));
  await signIn(page, "Felix", "/desk/reviews");
  await expect("no serious finding", complain(page));
  await page.getByRole("link", { name: "Looks like fraud" }).first().click();
  await page.getByText("The provider sees elevated risk, score 69.").first().waitFor();
  await expect("no serious finding", complain(page));
  await expect("nothing is cut off", fits(page));
  await page.getByRole("button", { name: "Release" }).click();
  await page.getByText("It is released").waitFor();
  await signIn(page, "Jonas", payment);
  await page.getByRole("heading", { name: "Thank you, that is paid" }).waitFor();
  await expect("credits once", (await credits(page)) === before + 110);
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

// 002-PM4, AC9.1.6
test("a card that is saved while paying pays with one press the next time, and is taken off", async (page) => {
  await toCheckout(page, "Demo");
  await typeCard(page, "5555555555554444");
  await page.getByLabel("Save it for the next time").check();
  await submit(page).click();
  await paid(page);
  await eventually("the card is offered", async () => {
    await page.goto(`${BASE}/checkout/pro-200`);
    return (await page.getByRole("radio", { name: /Mastercard •••• 4444/ }).count()) === 1;
  });
  await expect("no form for a card", page.locator("#element").isHidden());
  await expect("no serious finding", complain(page));
  await submit(page).filter({ hasText: "with Mastercard •••• 4444" }).click();
  await paid(page);
  await page.getByRole("link", { name: "Ways to pay" }).click();
  await expect("no serious finding", complain(page));
  await expect("it fits its width", fits(page));
  await page.getByRole("button", { name: /Remove Mastercard/ }).click();
  await page.getByText("Nothing is saved").waitFor();
});

// 002-PM4, AC9.1.6
test("a card is saved without a payment, another one is refused", async (page) => {
  await signIn(page, "Demo", "/methods");
  await submit(page).and(page.locator(":enabled")).waitFor();
  await typeCard(page, "4000000000000002");
  await submit(page).click();
  await page.getByRole("alert").filter({ hasText: "declined" }).filter({ hasText: "Nothing was saved" }).waitFor();
  await typeCard(page, "4242424242424242");
  await submit(page).click();
  await page.locator(".rows b").getByText("Visa •••• 4242").waitFor();
  await expect("no serious finding", complain(page));
  await page.goto(`${BASE}/checkout/starter-50`);
  await page.getByRole("radio", { name: "Another card or bank account" }).check();
  await page.locator("#element iframe").waitFor();
  await expect("both are offered", submit(page).and(page.locator(":enabled")).waitFor().then(() => true));
  await page.getByRole("radio", { name: /Visa/ }).check();
  await submit(page).click();
  await paid(page);
  await page.goto(`${BASE}/methods`);
  await page.getByRole("button", { name: /Remove Visa/ }).click();
  await page.getByText("Nothing is saved").waitFor();
});

// 002-PM4
test("a card is shown once its saving is noted, by the page or by its event", async (page) => {
  await signIn(page, "Demo", "/methods");
  await submit(page).and(page.locator(":enabled")).waitFor();
  const remove = page.getByRole("button", { name: /Remove American Express/ });
  const refuse = (route) => route.fulfill({ status: 409 });
  const save = async () => {
    await typeCard(page, "378282246310005", "1234", "1234");
    await submit(page).click();
  };
  await page.route("**/methods", (route) => route.abort(), { times: 1 });
  await save();
  await page.getByRole("alert").filter({ hasText: "Nothing was charged" }).waitFor();
  // That the request failed was noted as an error of the page.
  page.trouble.length = 0;

  await page.route("**/methods/keep", refuse, { times: 1 });
  await save();
  await remove.click();
  await page.getByText("Nothing is saved").waitFor();

  await page.route("**/methods/keep", refuse);
  await save();
  await page.getByRole("alert").filter({ hasText: "It is saved" }).waitFor();
  await expect("it is not to be saved twice", submit(page).isDisabled());
  await expect("no serious finding", complain(page));
  await eventually("its event has told of it", async () => {
    await page.goto(`${BASE}/methods`);
    return (await remove.count()) === 1;
  });
  await remove.click();
  await page.getByText("Nothing is saved").waitFor();
});

// 002-PM4, 002-SF2
test("a card that its bank asks about is saved once the payer has answered", async (page) => {
  await signIn(page, "Demo", "/methods");
  await submit(page).and(page.locator(":enabled")).waitFor();
  await typeCard(page, "4000002760003184");
  await submit(page).click();
  const bank = page.frameLocator("dialog iframe");
  await expect("no serious finding", complain(page));
  await bank.getByRole("button", { name: "No, refuse it" }).click();
  await page.getByRole("alert").filter({ hasText: "Nothing was saved" }).waitFor();
  await submit(page).click();
  await bank.getByRole("button", { name: "Yes, it is me" }).click();
  await page.locator(".rows b").getByText("Visa •••• 3184").waitFor();
  await page.getByRole("button", { name: /Remove Visa/ }).click();
  await page.getByText("Nothing is saved").waitFor();
});

// 002-PM3, 002-WF2
test("a bank account pays later: pending, and then settled", async (page) => {
  await toCheckout(page, "Jonas", "starter-50");
  await typeAccount(page, "000123456789");
  await expect("no serious finding", complain(page));
  await submit(page).click();
  await page.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
  await expect("no serious finding", complain(page));
  await paid(page);
  await expect("what was paid with", (await page.locator(".outcome").textContent()).includes("6789"));
});

// 002-PM3, 002-WF2
test("a bank account that has no money: pending, and then failed", async (page) => {
  await toCheckout(page, "Jonas", "starter-50");
  await typeAccount(page, "000222222227");
  await submit(page).click();
  await page.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
  await page.getByRole("heading", { name: "The payment did not go through" }).waitFor();
  await page.getByText(/insufficient|not enough/).first().waitFor();
  await expect("no serious finding", complain(page));
});

test("a bank account with a wrong digit is refused while typing", async (page) => {
  await toCheckout(page, "Jonas", "starter-50");
  await typeAccount(page, "000123456789");
  await card(page).getByLabel("Routing number").fill("110000001");
  await submit(page).click();
  await card(page).getByText("Your routing number is invalid.").waitFor();
});

// AC9.4.2, AC9.4.5, AC9.4.6, 001-UR3
test("papers: the invoice, a year's table, and the receipt again", async (page) => {
  await toCheckout(page, "Jonas", "basic-100");
  await typeCard(page, "4242424242424242");
  await submit(page).click();
  await paid(page);
  await page.getByText("Receipt mailed").waitFor();
  const [invoice] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Invoice (PDF)" }).click(),
  ]);
  await expect("it is a PDF with a number", /^\S+\.pdf$/.test(invoice.suggestedFilename()));
  await expect("it is whole", (await contents(invoice)).startsWith("%PDF-"));
  await page.getByRole("button", { name: "Mail the receipt again" }).click();
  await page.getByText("The receipt is on its way to jonas@example.com").waitFor();
  await page.getByRole("link", { name: "Billing" }).click();
  const [table] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: /as a table/ }).click(),
  ]);
  const text = await contents(table);
  await expect("the table has the payment", text.startsWith("transaction_id,") && text.includes(",85.00,USD,"));
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
  await expect("the card can be saved", await page.getByLabel("Save it for the next time").evaluate((node) => node === document.activeElement));
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

// AC9.2.1, AC9.2.2, 002-TF2
test("PayPal: approved in its window, the credits are there", async (page) => {
  await toCheckout(page, "Mira");
  const before = await credits(page);
  await expect("no serious finding", complain(page));
  const popup = await paypalWindow(page);
  await popup.getByRole("button", { name: "Log in" }).waitFor();
  await expect("no serious finding in the window", complain(popup));
  await expect("the window fits its width", popup.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await agree(popup);
  await paid(page);
  await expect("the window is closed", popup.isClosed());
  await page.getByText("Receipt mailed").waitFor();
  const told = await page.locator(".outcome").textContent();
  await expect("240 credits more", told.includes(`${before + 240} credits`));
  await expect("the method", told.includes("PayPal"));
  await expect("no serious finding", complain(page));
});

// AC9.2.3
test("PayPal: given up, nothing is taken, and the same order is paid after all", async (page) => {
  await toCheckout(page, "Jonas");
  const before = await credits(page);
  const first = await paypalWindow(page);
  const order = await first.locator("input[name=token]").first().inputValue();
  await first.getByRole("button", { name: /Cancel and return/ }).click();
  const note = page.getByRole("alert").filter({ hasText: "came back without paying" });
  await note.waitFor();
  await expect("no serious finding", complain(page));
  const second = await paypalWindow(page);
  await second.getByRole("button", { name: "Log in" }).waitFor();
  await second.close();
  await note.waitFor();
  await page.reload();
  await expect("nothing was taken or added", (await credits(page)) === before);
  await submit(page).and(page.locator(":enabled")).waitFor();
  const third = await paypalWindow(page);
  await third.getByRole("button", { name: "Log in" }).waitFor();
  await expect("a new page begins anew", (await third.locator("input[name=token]").first().inputValue()) !== order);
  await agree(third);
  await paid(page);
});

// AC9.2.3
test("PayPal: declined, its window comes back, and another choice pays", async (page) => {
  await toCheckout(page, "Aiko");
  const before = await credits(page);
  const popup = await paypalWindow(page);
  await agree(popup, /0002/);
  await page.getByRole("alert").filter({ hasText: "could not" }).filter({ hasText: "in PayPal" }).waitFor();
  await expect("the window asks again", !popup.isClosed());
  await expect("no serious finding", complain(page));
  await agree(popup, /PayPal Credit/);
  await paid(page);
  await expect("credits once", (await page.locator(".outcome").textContent()).includes(`${before + 240} credits`));
});

// 002-PO1, 002-PO2
test("Venmo has a button of its own, and is named on the receipt", async (page) => {
  await toCheckout(page, "Aiko", "starter-50");
  const popup = await paypalWindow(page, "Venmo");
  await popup.getByRole("button", { name: "Log in" }).click();
  await expect("Venmo is chosen", await popup.getByLabel(/Venmo/).isChecked());
  await popup.getByRole("button", { name: "Pay now" }).click();
  await paid(page);
  await expect("the method", (await page.locator(".outcome").textContent()).includes("Venmo"));
});

test("PayPal: an eCheck is on its way until the bank pays", async (page) => {
  await toCheckout(page, "Jonas", "starter-50");
  const popup = await paypalWindow(page);
  const order = await popup.locator("input[name=token]").first().inputValue();
  await agree(popup, /eCheck/);
  await page.getByRole("heading", { name: "Your payment is on its way" }).waitFor();
  await page.getByText("six business days").waitFor();
  await expect("no serious finding", complain(page));
  await control("paypal/settle", { order, paid: true });
  await paid(page);
});

test("PayPal: its own pages suffice without scripts, there and back", async (page, size) => {
  const plain = await open(page.context().browser(), size, { javaScriptEnabled: false });
  plain.setDefaultTimeout(15_000);
  try {
    await signIn(plain, "Mira", "/checkout/basic-100");
    const leave = () => plain.getByRole("button", { name: "Pay with PayPal" }).click();
    await leave();
    await plain.getByRole("button", { name: /Cancel and return/ }).click();
    await plain.waitForURL(`${BASE}/checkout/basic-100?canceled=paypal`);
    await plain.getByText("came back from PayPal without paying").waitFor();
    await leave();
    await agree(plain, /0002/);
    await plain.getByRole("heading", { name: "The payment did not go through" }).waitFor();
    await plain.getByRole("link", { name: "Go on at PayPal" }).click();
    await agree(plain);
    await plain.getByRole("heading", { name: "Thank you, that is paid" }).waitFor();
    page.trouble.push(...plain.trouble);
  } finally {
    await plain.context().close();
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

const faults = (wanted) => control("faults", wanted);

async function control(what, wanted) {
  const answer = await fetch(`${BASE}/sandbox/control/${what}`, { method: "POST", body: JSON.stringify(wanted) });
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
}

/** Whether axe-core is content; what it finds is told in the error. */
async function complain(page) {
  const found = await violations(page);
  if (found.length > 0) throw new Error(`axe-core: ${found.join(" | ")}`);
  return true;
}

walletTests(test, { expect, complain, fits, eventually, toCheckout, credits, paid });
hostedTests(test, { expect, fits, paid });
deskTests(test, { expect, complain, fits, eventually });

const wanted = process.argv[2] ?? "";
const browser = await launch();
let passed = 0;
let failed = 0;
for (const size of Object.keys(SIZES)) {
  for (const { name, run } of tests) {
    const title = `${size}: ${name}`;
    if (!title.includes(wanted)) continue;
    const page = await open(browser, size, { colorScheme: size === "phone" ? "dark" : "light" });
    page.setDefaultTimeout(30_000);
    const start = performance.now();
    try {
      await run(page, size);
      if (page.trouble.length > 0) throw new Error(page.trouble.join(" | "));
      console.log(`ok     ${title} (${Math.round(performance.now() - start)} ms)`);
      passed += 1;
    } catch (error) {
      const told = [...error.message.split("\n"), ...await evidence(page)];
      console.log(`FAILED ${title}\n       ${told.join("\n       ")}`);
      failed += 1;
    }
    await page.context().close();
  }
}
await browser.close();
await stopHosted();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
