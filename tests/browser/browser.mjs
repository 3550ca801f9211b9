// A Chromium for tests: pages that remember what went wrong in them.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

import { chromium } from "playwright-core";

export const BASE = process.env.QUITTANCE_URL ?? "http://127.0.0.1:5000";

/** The widths at which pages are looked at. */
export const SIZES = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 860 },
};

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export async function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // As root, as in a container, Chromium has no sandbox of its own to go into.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

/** A page of its own, as a new visitor has it. `page.trouble` collects what should not be. */
export async function open(browser, size, options = {}) {
  const context = await browser.newContext({
    viewport: SIZES[size],
    reducedMotion: "reduce",
    bypassCSP: false,
    ...options,
  });
  const page = await context.newPage();
  page.trouble = [];
  page.asked = asked(page);
  watch(page, page.trouble);
  page.on("popup", (popup) => watch(popup, page.trouble));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return page;
}

/** What `page` asks for: its last requests and, once each is done, how it was answered and when. */
function asked(page) {
  const begun = performance.now();
  const since = () => `${Math.round(performance.now() - begun)} ms`;
  const asked = new Map();
  page.on("request", (request) => {
    asked.set(request, `${since()} ${request.method()} ${request.url().slice(0, 160)}: no answer`);
    if (asked.size > 20) asked.delete(asked.keys().next().value);
  });
  const ended = (request, how) => {
    const line = asked.get(request);
    if (line) asked.set(request, line.replace(/no answer$/, `${how} at ${since()}`));
  };
  page.on("response", (response) => ended(response.request(), response.status()));
  page.on("requestfailed", (request) => ended(request, request.failure()?.errorText));
  return asked;
}

/** What helps to understand why a test failed on `page`: what it shows and what it asked for. */
export async function evidence(page) {
  const text = await page.locator("body").innerText({ timeout: 1000 }).catch((error) => error.message);
  return [`shown at ${page.url()}:`, ...text.split("\n").filter((line) => line.trim()).slice(0, 40),
    "asked:", ...page.asked.values()];
}

/** Collects in `trouble` what `page` complains of. */
function watch(page, trouble) {
  page.on("console", (message) => {
    // A declined card is answered 402, a decision that came too late 409: a browser notes that as an
    // error; the page deals with it.
    const declined = /status of (402|409)/.test(message.text());
    if (["error", "warning"].includes(message.type()) && !declined) {
      trouble.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
}

/** Signs in as one of the made-up people, on the way to `next`. */
export async function signIn(page, person, next = "/", base = BASE) {
  await page.goto(`${base}/sign-in?next=${encodeURIComponent(next)}`);
  await page.getByRole("button", { name: person }).click();
  await page.waitForURL(`${base}${next}`);
}

/** The inside of the card form. */
export function card(page) {
  return page.frameLocator("#element iframe");
}

/** Types a card as a person does: key by key, the focus moving on by itself. */
export async function typeCard(page, number, expiry = "1234", cvc = "123") {
  const form = card(page);
  await form.getByLabel("Card number").fill("");
  await form.getByLabel("Expiration date").fill("");
  await form.getByLabel("Security code").fill("");
  await form.getByLabel("Card number").pressSequentially(number);
  await form.getByLabel("Expiration date").pressSequentially(expiry);
  await form.getByLabel("Security code").pressSequentially(cvc);
}

/** Types a bank account into Stripe's form. */
export async function typeAccount(page, number) {
  const form = card(page);
  await form.getByRole("radio", { name: "US bank account" }).check();
  await form.getByLabel("Full name").fill("Pat Payer");
  await form.getByLabel("Email").fill("pat@example.com");
  await form.getByLabel("Routing number").fill("110000000");
  await form.getByLabel("Account number").fill(number);
}

/** PayPal's window, once its button called `name` was pressed. */
export async function paypalWindow(page, name = "PayPal") {
  const opened = page.waitForEvent("popup");
  await page.locator("#paypal").getByRole("button", { name, exact: true }).click();
  const popup = await opened;
  popup.setDefaultTimeout(30_000);
  return popup;
}

/** Logs in at PayPal and agrees, to be paid from `way`. */
export async function agree(popup, way = /PayPal balance/) {
  await popup.getByRole("button", { name: "Log in" }).click();
  await popup.getByLabel(way).check();
  await popup.getByRole("button", { name: "Pay now" }).click();
}

/** What axe-core finds in the page that is serious or worse; frames of `base` included. */
export async function violations(page, base = BASE) {
  const found = [];
  for (const frame of page.frames()) {
    if (!frame.url().startsWith(base) || frame.url().endsWith("/html")) continue;
    // Evaluated by the debugger, so that the page's policy need not allow it.
    await frame.evaluate(AXE);
    const results = await frame.evaluate(() => globalThis.axe.run(document, {
      resultTypes: ["violations"],
      // A frame's document has the page around it as its heading and landmark.
      rules: globalThis.parent === globalThis ? {} : { region: { enabled: false }, "page-has-heading-one": { enabled: false } },
    }));
    for (const { id, impact, nodes } of results.violations) {
      if (["serious", "critical"].includes(impact)) {
        found.push(`${id} (${impact}): ${nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join("; ")}`);
      }
    }
  }
  return found;
}
