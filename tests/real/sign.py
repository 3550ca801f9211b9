"""Events signed by Stripe's library for Python are accepted, and credit a payment exactly once."""

import json
import os
import subprocess
import sys
import time
import traceback
import urllib.error
import urllib.request

import stripe

BASE = os.environ["QUITTANCE_URL"]
SECRET = os.environ["STRIPE_WEBHOOK_SECRET"]
USER = "alice-of-python"


def main():
    journey = Journey()
    checks = [
        ("a payment for pro-200 is created", journey.creates_a_payment),
        ("our signature is what the library verifies", journey.verifies_itself),
        ("an event signed by the library is accepted and applied", journey.is_applied),
        ("the same event again changes nothing", journey.is_applied_once),
        ("a tampered event is refused with a problem", journey.refuses_tampering),
        ("so is an event signed with another secret", journey.refuses_other_secrets),
    ]
    failed = 0
    for name, check in checks:
        try:
            check()
            print(f"  ok      {name}")
        except Exception:
            failed += 1
            print(f"  FAILED  {name}\n{traceback.format_exc()}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


class Journey:
    """One payment, from its creation to its credits; each check builds on those before it."""

    def __init__(self):
        command = [os.environ["QUITTANCE_BIN"], "token", "--user", USER]
        self.token = subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()
        self.payload = ""

    def creates_a_payment(self):
        status, _, body = self.api(
            "POST",
            "/api/v1/payments/stripe/intent",
            {"packageId": "pro-200"},
        )
        assert status == 200 and body["success"] is True, (status, body)
        assert (body["data"]["amount"], body["data"]["currency"]) == (16000, "usd"), body
        intent = body["data"]["clientSecret"].split("_secret_")[0]
        self.payload = json.dumps(succeeded("evt_signed_by_python", intent))

    def verifies_itself(self):
        event = stripe.Webhook.construct_event(self.payload, sign(self.payload), SECRET)
        assert event.type == "payment_intent.succeeded"

    def is_applied(self):
        assert self.balance() == 0
        status, _, body = deliver(self.payload, sign(self.payload))
        assert (status, body) == (200, {"received": True}), (status, body)
        deadline = time.monotonic() + 15
        while self.balance() != 240:
            assert time.monotonic() < deadline, f"the balance is {self.balance()}"
            # Slow enough for the limit on requests, per user and minute.
            time.sleep(0.25)

    def is_applied_once(self):
        status, _, body = deliver(self.payload, sign(self.payload))
        assert (status, body) == (200, {"received": True}), (status, body)
        time.sleep(3)
        assert self.balance() == 240, self.balance()

    def refuses_tampering(self):
        refused(self.payload.replace("16000", "1"), sign(self.payload))
        assert self.balance() == 240, self.balance()

    def refuses_other_secrets(self):
        refused(self.payload, sign(self.payload, "whsec_of_somebody_else_0123456789"))

    def balance(self):
        _, _, body = self.api("GET", "/api/v1/credits/balance")
        return body["data"]["balance"]

    def api(self, method, path, body=None):
        data = None if body is None else json.dumps(body)
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return request(method, path, data, headers)


def succeeded(event, intent):
    """An event of our own making: just what Stripe documents, and nothing of the sandbox's."""
    return {
        "id": event,
        "object": "event",
        "api_version": stripe.api_version,
        "created": int(time.time()),
        "livemode": False,
        "pending_webhooks": 1,
        "request": None,
        "type": "payment_intent.succeeded",
        "data": {
            "object": {
                "id": intent,
                "object": "payment_intent",
                "amount": 16000,
                "amount_received": 16000,
                "currency": "usd",
                "livemode": False,
                "metadata": {},
                "status": "succeeded",
            }
        },
    }


def sign(payload, secret=SECRET):
    now = int(time.time())
    signature = stripe.WebhookSignature._compute_signature(f"{now}.{payload}", secret)
    return f"t={now},{stripe.WebhookSignature.EXPECTED_SCHEME}={signature}"


def refused(payload, header):
    status, kind, body = deliver(payload, header)
    assert status == 401, (status, body)
    assert kind.startswith("application/problem+json"), kind


def deliver(payload, header):
    headers = {"content-type": "application/json", "stripe-signature": header}
    return request("POST", "/webhooks/stripe", payload, headers)


def request(method, path, data, headers):
    data = None if data is None else data.encode()
    call = urllib.request.Request(BASE + path, data=data, headers=headers, method=method)
    try:
        answer = urllib.request.urlopen(call, timeout=10)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.headers["content-type"] or "", json.loads(answer.read())


if __name__ == "__main__":
    main()
