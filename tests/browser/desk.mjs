// The admin desk as those who work there use it: what they decide, and what is refused to them.
import { BASE, signIn } from "./browser.mjs";
import { askRefund, buy, call, disputed } from "./staff.mjs";

/** Adds the desk's tests; `helpers` are those of the other pages' tests. */
export function deskTests(test, { expect, complain, fits, eventually }) {
  /** Signs `person` in, on the way to `path`. */
  const enter = (page, person, path = "/desk") => signIn(page, person, path);
  const sound = async (page) => {
    await expect("no serious finding", complain(page));
    await expect("it fits its width", fits(page));
  };

  // AC9.6.4, AC9.5.3
  test("desk: a refund is approved in part, with a page that asks once more", async (page) => {
    const request = await askRefund("mira");
    await enter(page, "Felix", "/desk/refunds");
    await page.locator(`a[href="/desk/refunds/${request}"]`).click();
    await page.getByText("I bought it twice.").waitFor();
    await sound(page);
    await page.getByLabel("Amount").fill("64.00");
    await page.getByRole("button", { name: "Approve…" }).click();
    await page.getByRole("heading", { name: "Send $64.00 to mira?" }).waitFor();
    await sound(page);
    await page.getByRole("button", { name: "Send $64.00 back" }).click();
    await page.getByText("It is approved").waitFor();
    await eventually("the money is back", async () => {
      await page.goto(`${BASE}/desk/refunds/${request}`);
      return (await page.locator(".tag").filter({ hasText: "Paid back" }).count()) > 0;
    });
    await page.getByRole("link", { name: "The payment's whole story" }).click();
    await page.getByText("Credits were taken for a refund").first().waitFor();
    await sound(page);
  });

  // AC9.5.4
  test("desk: a refund is denied, appealed, and looked at by somebody else", async (page) => {
    const request = await askRefund("jonas");
    const deny = async (reason) => {
      await page.goto(`${BASE}/desk/refunds/${request}`);
      await page.getByLabel("Reason").fill(reason);
      await page.getByRole("button", { name: "Deny" }).click();
    };
    await enter(page, "Felix", `/desk/refunds/${request}`);
    await deny("The credits were used.");
    await page.getByText("It is denied, and the customer is told why.").waitFor();
    await call("jonas", `/refund-requests/${request}/appeal`, { reason: "It was not me." });
    await deny("No.").catch(() => undefined);
    await page.getByText("The second look is somebody else's", { exact: false }).waitFor();
    await sound(page);
    await enter(page, "Nora", `/desk/refunds/${request}`);
    await page.getByText("It was not me.").waitFor();
    await deny("It was.");
    await page.locator(".tag").filter({ hasText: "Denied for good" }).waitFor();
  });

  // AC9.6.2
  test("desk: a dispute is answered with evidence, another is accepted", async (page) => {
    const became = (id, text) =>
      eventually(text, async () => {
        await page.goto(`${BASE}/desk/disputes/${id}`);
        return (await page.locator(".tag").filter({ hasText: text }).count()) > 0;
      });
    const [first, second] = [await disputed("mira"), await disputed("jonas")];
    await enter(page, "Felix", "/desk/disputes");
    await page.locator(`a[href="/desk/disputes/${first}"]`).click();
    await page.getByLabel("What speaks for you").fill("They used every credit.");
    const file = { name: "Our chat.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
    await page.getByLabel("What they wrote to you").setInputFiles(file);
    await sound(page);
    await page.getByRole("button", { name: "Send the evidence" }).click().catch(() => undefined);
    await page.getByText("say so truly. Choose the files again: Our_chat.png.").waitFor();
    await sound(page);
    const words = await page.getByLabel("What speaks for you").inputValue();
    await expect("the words are kept", words === "They used every credit.");
    file.buffer = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
    await page.getByLabel("What they wrote to you").setInputFiles(file);
    await page.getByRole("button", { name: "Send the evidence" }).click();
    await page.getByText("It is on its way to the bank.").waitFor();
    await became(first, "The bank decides");
    await page.getByText("They used every credit. · Our_chat.png").waitFor();
    await sound(page);
    await page.goto(`${BASE}/desk/disputes/${second}`);
    await page.getByRole("link", { name: "Accept it…" }).click();
    await page.getByRole("heading", { name: "Give up $160.00?" }).waitFor();
    await sound(page);
    await page.getByRole("button", { name: "Accept the dispute" }).click();
    await became(second, "Lost");
    await sound(page);
  });

  // AC9.6: what one person asks for, an admin approves.
  test("desk: a balance is changed by hand by two people", async (page) => {
    await buy("aiko");
    const { balance: before } = await call("aiko", "/credits/balance");
    const open = async (user) => {
      await page.goto(`${BASE}/desk/users`);
      await page.locator("tbody a").filter({ hasText: user }).first().click();
    };
    await enter(page, "Felix");
    await open("aiko");
    await page.getByLabel("Credits").fill("lots");
    await page.getByLabel("Reason").fill("The render failed.");
    await page.getByRole("button", { name: "Change the balance" }).click();
    await page.getByText("Write how many credits", { exact: false }).waitFor();
    await open("aiko");
    await page.getByLabel("Credits").fill("15");
    await page.getByLabel("Reason").fill("The render failed.");
    await sound(page);
    await page.getByRole("button", { name: "Change the balance" }).click();
    await page.getByText("An admin has to approve it.").waitFor();
    await sound(page);
    const change = page.url();
    await enter(page, "Omar", "/desk/adjustments?state=waiting");
    await sound(page);
    await page.goto(change);
    await page.getByRole("button", { name: "Approve" }).click();
    await page.locator(".tag").filter({ hasText: "Done" }).waitFor();
    const { balance } = await call("aiko", "/credits/balance");
    await expect("they have 15 more", balance === before + 15);
  });

  test("desk: a job that waits is called off, and all such run again", async (page) => {
    const mail = async (verb, say) => {
      await page.goto(`${BASE}/desk/controls`);
      const form = page.locator("form").filter({ has: page.getByRole("button", { name: verb }) });
      if (verb === "Pause") await form.getByLabel("What").selectOption("mail");
      await form.getByLabel("Why").fill("A test of the desk.");
      await form.getByRole("button", { name: verb }).click();
      await page.getByText(say).waitFor();
    };
    await enter(page, "Omar");
    await mail("Pause", "It stands still.");
    try {
      await buy("demo");
      await page.goto(`${BASE}/desk/jobs?state=queued&lane=mail&name=send-receipt`);
      await sound(page);
      await page.locator("tbody a").first().click();
      await page.getByText("What it is about").waitFor();
      await sound(page);
      await page.getByRole("button", { name: "Call it off" }).click();
      await page.getByText("It is called off.").waitFor();
      await page.goto(`${BASE}/desk/jobs?state=cancelled`);
      await page.getByRole("link", { name: "Run all of these again" }).click();
      await page.getByRole("heading", { name: "Run 1 job again?" }).waitFor();
      await sound(page);
      await page.getByRole("button", { name: "Run them again" }).click();
      await page.getByText("They wait again, with all their attempts.").waitFor();
    } finally {
      await mail("Let mail go on", "It goes on.");
    }
    await page.goto(`${BASE}/desk/jobs?state=dead`);
    await page.getByText("No job is like that.").waitFor();
    await sound(page);
  });

  test("desk: a lane is paused with a reason, and let go on", async (page) => {
    await enter(page, "Omar", "/desk/controls");
    await sound(page);
    const form = page.locator("form").filter({ hasText: "Pause something" });
    await form.getByLabel("What").selectOption("upkeep");
    await form.getByLabel("Why").fill("The night shift looks at it.");
    await form.getByRole("button", { name: "Pause" }).click();
    await page.getByText("It stands still.").waitFor();
    await page.goto(`${BASE}/desk`);
    await page.getByText("upkeep stands still since").waitFor();
    await sound(page);
    await page.goto(`${BASE}/desk/controls`);
    const resume = page.locator("form").filter({ hasText: "upkeep stands still" });
    await resume.getByLabel("Why").fill("Looked at.");
    await resume.getByRole("button", { name: "Let upkeep go on" }).click();
    await page.getByText("It goes on.").waitFor();
  });

  // AC9.6.5
  test("desk: revenue is drawn, told in a table, and taken along", async (page) => {
    await enter(page, "Felix", "/desk/revenue");
    await page.getByRole("img", { name: /Earned by day, USD/ }).waitFor();
    await page.getByLabel("By", { exact: true }).selectOption("Month");
    await page.getByRole("button", { name: "Show" }).click();
    await page.getByRole("heading", { name: "By method" }).waitFor();
    await sound(page);
    const [table] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "As a table (CSV)" }).click(),
    ]);
    await expect("it is a table", table.suggestedFilename() === "revenue.csv");
  });

  // 001-SR4, 001-C6
  test("desk: customers stay out, and support does not decide about money", async (page) => {
    const request = await askRefund("aiko");
    const refused = async (path) => {
      // A browser notes a refusal as an error.
      const answer = await page.request.get(BASE + path);
      await expect(`${path} is refused`, answer.status() === 403);
    };
    await enter(page, "Sana", `/desk/refunds/${request}`);
    await page.getByText("Finance decides about it.").waitFor();
    await expect("no way to approve", (await page.getByRole("button", { name: "Approve…" }).count()) === 0);
    await refused(`/desk/refunds/${request}/approve?amount=1`);
    await refused("/desk/revenue");
    await refused("/desk/audit");
    await page.context().clearCookies();
    await signIn(page, "Mira");
    await refused("/desk");
    await refused(`/desk/refunds/${request}`);
  });

  // AC9.6.7
  test("desk: a payment is synced, and the report says what was done", async (page) => {
    const payment = await buy("demo");
    await enter(page, "Felix", "/desk/reconciliation");
    await sound(page);
    const form = page.locator("form").filter({ hasText: "One payment" });
    await form.getByLabel("Payment").fill(payment);
    await form.getByRole("button", { name: "Sync this payment" }).click();
    // The page looks again by itself until it is done.
    await page.getByText("1 payment were looked at. Nothing was missing.").waitFor();
    await sound(page);
    await page.goto(`${BASE}/desk/events?state=applied`);
    await page.locator("tbody a").first().click();
    await page.getByRole("button", { name: "Replay…" }).click();
    await page.getByText("Nothing has been written yet.").waitFor();
    await sound(page);
    await page.getByRole("button", { name: "Replay it for real" }).click();
    await page.getByText("It is applied again within seconds.").waitFor();
  });

  // 001-C6
  test("desk: the audit log is verified with one press", async (page) => {
    await enter(page, "Omar", "/desk/audit");
    await page.getByRole("button", { name: "Verify the log" }).click();
    await page.getByText("The log is whole").waitFor();
    await sound(page);
  });

  test("desk: every other page is sound", async (page) => {
    await enter(page, "Omar");
    for (const path of ["", "/payments", "/failed", "/disputes", "/users", "/events", "/audit"]) {
      await page.goto(`${BASE}/desk${path}`);
      await sound(page);
    }
    await page.goto(`${BASE}/desk/events`);
    await page.locator("tbody a").first().click();
    await page.getByText("[redacted]").first().waitFor();
    await sound(page);
    await page.goto(`${BASE}/desk/users`);
    await page.locator("tbody a").first().click();
    await page.getByText("Credits available").waitFor();
    await sound(page);
  });
}
