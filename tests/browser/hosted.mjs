// Buying on a page of Stripe's: with a second Quittance, whose settings say so.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { signIn, violations } from "./browser.mjs";

let running = null;

/** The address of the second Quittance, which is started when it is first needed. */
async function started() {
  running ??= start();
  return (await running).base;
}

async function start() {
  const folder = await mkdtemp(join(tmpdir(), "quittance-hosted."));
  const config = join(folder, "quittance.toml");
  await writeFile(config, '[checkout]\nstripe = "hosted"\n');
  const address = `127.0.0.1:${await freePort()}`;
  const env = { ...process.env, LISTEN_ADDR: address, DATA_DIR: join(folder, "data"), CONFIG: config };
  const server = spawn(process.env.QUITTANCE_BIN, { cwd: folder, env, stdio: "ignore" });
  const base = `http://${address}`;
  for (let tries = 0; tries < 200 && server.exitCode === null; tries++) {
    const answer = await fetch(`${base}/health/ready`).catch(() => null);
    if (answer?.ok) return { base, folder, server };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  server.kill();
  throw new Error("the Quittance that sends payers to Stripe's page did not become ready");
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Stops it, if it was started. */
export async function stopHosted() {
  const found = await running?.catch(() => null);
  if (!found) return;
  const ended = once(found.server, "exit");
  if (found.server.kill()) await ended;
  await rm(found.folder, { recursive: true });
}

export function hostedTests(test, { expect, fits, paid }) {
  // 002-PM1
  test("Stripe's own page: left unpaid, then declined, then paid", async (page) => {
    const base = await started();
    const sound = async () => {
      const found = await violations(page, base);
      if (found.length > 0) throw new Error(`axe-core: ${found.join(" | ")}`);
      await expect("it fits its width", fits(page));
    };
    const leave = page.getByRole("button", { name: /by card or bank account/ });
    await signIn(page, "Mira", "/checkout/pro-200", base);
    await sound();
    await leave.click();
    await page.waitForURL(/\/sandbox\/checkout\/cs_/);
    await sound();
    await page.getByRole("link", { name: "Back without paying" }).click();
    await page.getByText("You came back without paying").waitFor();
    await sound();
    await leave.click();
    await page.getByRole("button", { name: "Declined" }).click();
    await page.getByRole("alert").filter({ hasText: "declined" }).waitFor();
    await page.getByRole("button", { name: /^Pays/ }).click();
    await paid(page);
    await expect("credits once", (await page.locator(".outcome").textContent()).includes("240 credits"));
  });
}
