// How long until the checkout page can be used, of COUNT cold visits: nothing in the browser's cache.
//
//     QUITTANCE_URL=… node tests/browser/ready.mjs [COUNT]
//
// The program that runs there has its sandbox. Ready is when the card form inside the page says that
// it can be typed into, the button can be pressed, and both were painted. Prints milliseconds since
// the visit began, as JSON: {"count":100,"p50":…,"p95":…,"most":…}.
//
// The browser runs and its tab is open before; the session's cookie is there. What a payer waits for
// who comes from another site is in it: the request, and the browser's process for our pages.
import { BASE, SIZES, card, launch, open, signIn } from "./browser.mjs";

// The first visits pay for starting the browser, which no payer's page does.
const WARM_UP = 3;

const count = Number(process.argv[2] ?? 100);
const browser = await launch();
const first = await open(browser, "phone");
await signIn(first, "Mira");
const storageState = await first.context().storageState();
const took = [];
for (let visit = 0; visit < WARM_UP + count; visit++) took.push(await readyAfter());
await browser.close();
const sorted = took.slice(WARM_UP).sort((one, other) => one - other);
const percentile = (share) => sorted[Math.ceil(share * sorted.length) - 1];
console.log(JSON.stringify({ count, p50: percentile(0.5), p95: percentile(0.95), most: percentile(1) }));

/** One visit, by a browser that has seen nothing but the session's cookie. */
async function readyAfter() {
  const context = await browser.newContext({ viewport: SIZES.phone, storageState });
  const page = await context.newPage();
  await page.addInitScript(watch);
  await page.goto(`${BASE}/checkout/pro-200`);
  const at = await page.waitForFunction(() => globalThis.readyAt, undefined, { polling: 20 });
  const milliseconds = await at.jsonValue();
  if (!(await card(page).getByLabel("Card number").isEditable())) throw new Error("nothing can be typed");
  await context.close();
  return Math.round(milliseconds * 10) / 10;
}

/** In the page: notes when the button can first be pressed, and that was painted. */
function watch() {
  if (globalThis.parent !== globalThis) return;
  const observer = new MutationObserver(() => {
    if (!document.querySelector("#submit:enabled")) return;
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { globalThis.readyAt = performance.now(); }));
  });
  observer.observe(document, { subtree: true, childList: true, attributes: true });
}
