"""Stripe's library for Python talks to the sandbox as to Stripe, and understands every answer."""

import os
import sys
import traceback

import stripe

client = stripe.StripeClient(
    "sk_test_quittance_sandbox",
    base_addresses={"api": os.environ["QUITTANCE_URL"]},
    max_network_retries=0,
).v1


def customers_are_kept_and_changed():
    made = client.customers.create({"email": "py@shop.test", "metadata": {"user": "7"}})
    assert made.metadata["user"] == "7"
    changed = client.customers.update(made.id, {"name": "Py"})
    assert changed.name == "Py" and client.customers.retrieve(made.id).name == "Py"
    assert client.customers.delete(made.id).deleted is True


def methods_are_attached_listed_and_detached():
    customer = client.customers.create()
    kept = client.payment_methods.attach("pm_card_mastercard", {"customer": customer.id})
    listed = client.customers.payment_methods.list(customer.id)
    assert [method.id for method in listed.data] == [kept.id]
    assert listed.data[0].card.brand == "mastercard"
    assert client.payment_methods.detach(kept.id).customer is None


def a_payment_succeeds_and_is_given_back():
    intent = client.payment_intents.create({
        "amount": 1_600, "currency": "usd", "payment_method": "pm_card_visa", "confirm": True,
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "metadata": {"payment": "txn_1"}, "expand": ["latest_charge"],
    })
    assert intent.status == "succeeded" and intent.latest_charge.payment_method_details.card
    refund = client.refunds.create({"payment_intent": intent.id, "amount": 600})
    assert refund.status == "succeeded" and refund.amount == 600
    assert [one.id for one in client.refunds.list({"payment_intent": intent.id})] == [refund.id]


def a_decline_is_the_librarys_own_error():
    try:
        client.payment_intents.create({
            "amount": 1_600, "currency": "usd", "payment_method": "pm_card_chargeDeclined",
            "confirm": True,
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        })
    except stripe.CardError as error:
        assert error.code == "card_declined" and error.error.payment_intent.id
    else:
        raise AssertionError("a declined card paid")


def a_method_is_set_up():
    customer = client.customers.create()
    setup = client.setup_intents.create({"customer": customer.id, "usage": "off_session"})
    done = client.setup_intents.confirm(setup.id, {"payment_method": "pm_card_visa"})
    assert done.status == "succeeded"
    kept = client.customers.payment_methods.list(customer.id).data
    asked = client.setup_intents.create({
        "customer": customer.id, "confirm": True, "return_url": "https://shop.test/",
        "payment_method": "pm_card_authenticationRequired",
    })
    assert asked.status == "requires_action" and asked.next_action.redirect_to_url.url
    assert len(kept) == 1 and kept[0].card.last4 == "4242"


def a_checkout_session_has_a_page():
    session = client.checkout.sessions.create({
        "mode": "payment", "success_url": "https://shop.test/", "client_reference_id": "txn_2",
        "line_items": [{"quantity": 1, "price_data": {
            "currency": "usd", "unit_amount": 500, "product_data": {"name": "Credits"},
        }}],
    })
    assert session.status == "open" and session.url and session.amount_total == 500
    again = client.checkout.sessions.retrieve(session.id)
    assert again.client_reference_id == "txn_2"
    assert client.checkout.sessions.expire(session.id).status == "expired"


def lists_are_walked_page_by_page():
    customer = client.customers.create()
    for _ in range(5):
        client.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer.id})
    page = client.payment_intents.list({"customer": customer.id, "limit": 2})
    assert len(list(page.auto_paging_iter())) == 5
    events = client.events.list({"types": ["payment_intent.created"], "limit": 5})
    assert {event.type for event in events.data} == {"payment_intent.created"}


def an_idempotency_key_makes_one():
    wish = {"amount": 500, "currency": "usd"}
    made = [
        client.payment_intents.create(wish, {"idempotency_key": f"py-{os.getpid()}"})
        for _ in range(2)
    ]
    assert made[0].id == made[1].id


CHECKS = [
    customers_are_kept_and_changed,
    methods_are_attached_listed_and_detached,
    a_payment_succeeds_and_is_given_back,
    a_decline_is_the_librarys_own_error,
    a_method_is_set_up,
    a_checkout_session_has_a_page,
    lists_are_walked_page_by_page,
    an_idempotency_key_makes_one,
]


def main():
    failed = 0
    for check in CHECKS:
        name = check.__name__.replace("_", " ")
        try:
            check()
            print(f"  ok      {name}")
        except Exception:
            failed += 1
            print(f"  FAILED  {name}\n{traceback.format_exc()}")
    print(f"{len(CHECKS) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
