// What the judges written for Node share: checks with a name, and how to reach Quittance.

import { execFileSync } from 'node:child_process';
import Stripe from 'stripe';

export const base = required('QUITTANCE_URL');
export const webhookSecret = required('STRIPE_WEBHOOK_SECRET');

const checks = [];

/** Registers a check; `run` throws if it does not hold. */
export function check(name, run) {
  checks.push({ name, run });
}

/** Runs the checks one after the other, and ends the process with their outcome. */
export async function judge() {
  let failed = 0;
  for (const { name, run } of checks) {
    try {
      await run();
      console.log(`  ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`  FAILED  ${name}\n${error.stack}`);
    }
  }
  console.log(`${checks.length - failed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}

/** Stripe's own client, talking to the sandbox. */
export function sandbox() {
  const { hostname, port } = new URL(base);
  return new Stripe('sk_test_quittance_sandbox', {
    protocol: 'http',
    host: hostname,
    port: Number(port),
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: 10_000,
  });
}

/** A bearer token for `user`, as the host application would make one. */
export function token(user) {
  return execFileSync(required('QUITTANCE_BIN'), ['token', '--user', user], {
    encoding: 'utf8',
  }).trim();
}

/** Calls our own API for `user`; answers status, type and body. */
export async function call(method, path, { bearer, body, headers = {} } = {}) {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(bearer && { authorization: `Bearer ${bearer}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: typeof body === 'string' || body === undefined ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    type: response.headers.get('content-type') ?? '',
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Asks `probe` again and again until it answers something true. */
export async function eventually(what, probe, seconds = 15) {
  const deadline = Date.now() + seconds * 1000;
  let last;
  while (Date.now() < deadline) {
    last = await probe();
    if (last) return last;
    // Slow enough for the limit on requests, per user and minute.
    await pause(250);
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

export function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start this with scripts/real`);
  return value;
}
