// Events signed by Stripe's library for Node are accepted, and credit a payment exactly once.

import assert from 'node:assert/strict';
import Stripe from 'stripe';
import { call, check, eventually, judge, pause, sandbox, token, webhookSecret } from './judge.mjs';

const alice = token('alice-of-node');
const stripe = sandbox();
let intent;
let event;

function deliver(payload, header) {
  return call('POST', '/webhooks/stripe', {
    body: payload,
    headers: { 'stripe-signature': header },
  });
}

function sign(payload, options = {}) {
  return Stripe.webhooks.generateTestHeaderString({ payload, secret: webhookSecret, ...options });
}

async function balance() {
  const { body } = await call('GET', '/api/v1/credits/balance', { bearer: alice });
  return body.data.balance;
}

function succeeded(id, object) {
  return JSON.stringify({
    id,
    object: 'event',
    api_version: object.api_version ?? null,
    created: Math.floor(Date.now() / 1000),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type: 'payment_intent.succeeded',
  });
}

check('a payment for pro-200 is created, at the price of the catalogue', async () => {
  const { status, body } = await call('POST', '/api/v1/payments/stripe/intent', {
    bearer: alice,
    body: { packageId: 'pro-200' },
  });
  assert.equal(status, 200);
  assert.equal(body.success, true);
  assert.equal(body.data.amount, 16000);
  assert.equal(body.data.currency, 'usd');
  const id = body.data.clientSecret.split('_secret_')[0];
  intent = await stripe.paymentIntents.retrieve(id);
  assert.equal(intent.amount, 16000);
  assert.equal(await balance(), 0);
});

check('an event signed by the library is accepted', async () => {
  const object = { ...intent, status: 'succeeded', amount_received: intent.amount };
  event = succeeded('evt_signed_by_node', object);
  const { status, body } = await deliver(event, sign(event));
  assert.equal(status, 200);
  assert.deepEqual(body, { received: true });
});

check('it is worth 240 credits: 200, and 40 on top', async () => {
  await eventually('240 credits', async () => (await balance()) === 240);
});

check('the same event again is accepted, and changes nothing', async () => {
  const { status, body } = await deliver(event, sign(event));
  assert.equal(status, 200);
  assert.deepEqual(body, { received: true });
});

check('so is another event about the same payment', async () => {
  const again = event.replace('evt_signed_by_node', 'evt_signed_by_node_again');
  assert.equal((await deliver(again, sign(again))).status, 200);
  await pause(3000);
  assert.equal(await balance(), 240);
});

check('a signature with a second secret beside ours is accepted', async () => {
  const other = sign(event, { secret: 'whsec_of_somebody_else_entirely_0123456789' });
  const ours = sign(event).split(',');
  const [time, theirs] = other.split(',');
  assert.equal(time, ours[0]);
  assert.equal((await deliver(event, `${time},${theirs},${ours[1]}`)).status, 200);
});

for (const [what, payload, header] of [
  ['a tampered event', () => event.replace('16000', '16001'), () => sign(event)],
  ['an event signed with another secret', () => event, () => sign(event, { secret: 'whsec_x' })],
  ['an event that is too old', () => event, () => sign(event, { timestamp: seconds(-301) })],
  ['an event from the future', () => event, () => sign(event, { timestamp: seconds(+360) })],
  ['an event without a signature', () => event, () => ''],
]) {
  check(`${what} is refused with a problem`, async () => {
    const { status, type, body } = await deliver(payload(), header());
    assert.equal(status, 401);
    assert.match(type, /^application\/problem\+json/);
    assert.equal(body.status, 401);
    assert.equal(body.success, false);
  });
}

check('and at the end the balance is what it was', async () => {
  assert.equal(await balance(), 240);
});

function seconds(offset) {
  return Math.floor(Date.now() / 1000) + offset;
}

await judge();
