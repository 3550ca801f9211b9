// Stripe's library for Node as a client of the sandbox: what it reads is what it expects.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { check, eventually, judge, sandbox } from './judge.mjs';

const stripe = sandbox();

function card(payment_method) {
  return { amount: 2500, currency: 'eur', payment_method, payment_method_types: ['card'] };
}

check('a customer is created, read and changed', async () => {
  const customer = await stripe.customers.create({
    email: 'alice@shop.test',
    name: 'Alice',
    metadata: { user: 'alice' },
  });
  assert.match(customer.id, /^cus_/);
  const read = await stripe.customers.retrieve(customer.id);
  assert.equal(read.email, 'alice@shop.test');
  assert.equal(read.metadata.user, 'alice');
  const changed = await stripe.customers.update(customer.id, { name: 'Alice B.' });
  assert.equal(changed.name, 'Alice B.');
  assert.equal(changed.email, 'alice@shop.test');
});

check('a payment intent is created, confirmed and read', async () => {
  const created = await stripe.paymentIntents.create({
    amount: 16000,
    currency: 'usd',
    metadata: { payment: 'txn_1' },
  });
  assert.match(created.id, /^pi_/);
  assert.equal(created.status, 'requires_payment_method');
  assert.ok(created.client_secret.startsWith(`${created.id}_secret_`));

  const confirmed = await stripe.paymentIntents.confirm(created.id, {
    payment_method: 'pm_card_visa',
    return_url: 'https://shop.test/back',
  });
  assert.equal(confirmed.status, 'succeeded');
  assert.equal(confirmed.amount_received, 16000);

  const read = await stripe.paymentIntents.retrieve(created.id, { expand: ['latest_charge'] });
  assert.equal(read.status, 'succeeded');
  assert.equal(read.metadata.payment, 'txn_1');
  assert.equal(read.latest_charge.payment_intent, created.id);
  assert.equal(read.latest_charge.payment_method_details.card.brand, 'visa');
  assert.equal(read.latest_charge.payment_method_details.card.last4, '4242');
});

check('a method is kept for a customer by a setup intent, listed and detached', async () => {
  const customer = await stripe.customers.create({ email: 'bob@shop.test' });
  const setup = await stripe.setupIntents.create({
    customer: customer.id,
    usage: 'off_session',
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  assert.equal(setup.status, 'requires_payment_method');
  const done = await stripe.setupIntents.confirm(setup.id, { payment_method: 'pm_card_visa' });
  assert.equal(done.status, 'succeeded');
  const kept = await stripe.customers.listPaymentMethods(customer.id);
  assert.equal(kept.data.length, 1);
  assert.equal(kept.data[0].card.last4, '4242');
  const detached = await stripe.paymentMethods.detach(kept.data[0].id);
  assert.equal(detached.customer, null);
  assert.equal((await stripe.customers.listPaymentMethods(customer.id)).data.length, 0);
});

check('a customer session is made for the payment element', async () => {
  const customer = await stripe.customers.create();
  const session = await stripe.customerSessions.create({
    customer: customer.id,
    components: {
      payment_element: { enabled: true, features: { payment_method_save: 'enabled' } },
    },
  });
  assert.equal(session.customer, customer.id);
  assert.ok(session.client_secret.startsWith('cuss_secret_'));
});

check('a payment intent is cancelled, and cannot be confirmed after', async () => {
  const created = await stripe.paymentIntents.create({ amount: 500, currency: 'usd' });
  const cancelled = await stripe.paymentIntents.cancel(created.id, {
    cancellation_reason: 'abandoned',
  });
  assert.equal(cancelled.status, 'canceled');
  assert.equal(cancelled.cancellation_reason, 'abandoned');
  await assert.rejects(
    stripe.paymentIntents.confirm(created.id, { payment_method: 'pm_card_visa' }),
    (error) =>
      error instanceof Stripe.errors.StripeInvalidRequestError &&
      error.code === 'payment_intent_unexpected_state',
  );
});

check('a card that asks for authentication asks for it', async () => {
  const intent = await stripe.paymentIntents.create({
    ...card('pm_card_authenticationRequired'),
    confirm: true,
    return_url: 'https://shop.test/back',
  });
  assert.equal(intent.status, 'requires_action');
  assert.ok(intent.next_action);
});

for (const [method, code, declineCode] of [
  ['pm_card_chargeDeclined', 'card_declined', 'generic_decline'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', undefined],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', undefined],
]) {
  check(`${method} is a card error: ${declineCode ?? code}`, async () => {
    await assert.rejects(
      stripe.paymentIntents.create({ ...card(method), confirm: true }),
      (error) => {
        assert.ok(error instanceof Stripe.errors.StripeCardError, error.constructor.name);
        assert.equal(error.statusCode, 402);
        assert.equal(error.code, code);
        if (declineCode) assert.equal(error.decline_code, declineCode);
        assert.equal(error.payment_intent.status, 'requires_payment_method');
        assert.equal(error.payment_intent.last_payment_error.code, code);
        return true;
      },
    );
  });
}

check('the same idempotency key gives the same answer, marked as replayed', async () => {
  const idempotencyKey = randomUUID();
  const first = await stripe.paymentIntents.create(card('pm_card_visa'), { idempotencyKey });
  const second = await stripe.paymentIntents.create(card('pm_card_visa'), { idempotencyKey });
  assert.equal(second.id, first.id);
  assert.equal(second.lastResponse.headers['idempotent-replayed'], 'true');
});

check('the same idempotency key with other parameters is an idempotency error', async () => {
  const idempotencyKey = randomUUID();
  await stripe.paymentIntents.create(card('pm_card_visa'), { idempotencyKey });
  await assert.rejects(
    stripe.paymentIntents.create({ ...card('pm_card_visa'), amount: 9999 }, { idempotencyKey }),
    Stripe.errors.StripeIdempotencyError,
  );
});

check('events are listed, newest first, and page after page', async () => {
  const intent = await stripe.paymentIntents.create({ ...card('pm_card_visa'), confirm: true });
  const event = await eventually('the event', async () => {
    const page = await stripe.events.list({ type: 'payment_intent.succeeded', limit: 10 });
    return page.data.find((event) => event.data.object.id === intent.id);
  });
  assert.match(event.id, /^evt_/);
  const read = await stripe.events.retrieve(event.id);
  assert.equal(read.type, 'payment_intent.succeeded');

  const seen = [];
  for await (const event of stripe.events.list({ limit: 2 })) {
    seen.push(event);
    if (seen.length === 5) break;
  }
  assert.equal(new Set(seen.map((event) => event.id)).size, 5);
  assert.deepEqual(seen.map((event) => event.created), seen.map((event) => event.created).sort().reverse());
});

check('what does not exist is resource_missing', async () => {
  await assert.rejects(
    stripe.paymentIntents.retrieve('pi_nowhere'),
    (error) =>
      error instanceof Stripe.errors.StripeInvalidRequestError &&
      error.statusCode === 404 &&
      error.code === 'resource_missing',
  );
});

check('what is malformed names its parameter', async () => {
  await assert.rejects(
    stripe.paymentIntents.create({ amount: -1, currency: 'usd' }),
    (error) =>
      error instanceof Stripe.errors.StripeInvalidRequestError && error.param === 'amount',
  );
});

await judge();
