"""Holds PayPal's side of the sandbox, and what our adapter sends, against PayPal's own OpenAPI
descriptions (paypal_openapi.json).

Starts nothing: QUITTANCE_URL names a Quittance with its sandbox, JWT_SECRET is its secret. Drives
every endpoint to every outcome, and requires that

- the answer has the status that PayPal gives, and its body is what the description of that status
  says: every required field, every form, every sentence of an error that is described;
- it has no field that the description does not know;
- the same goes for what an event is about;
- the orders and refunds that our own API makes are what the description of a request says.

Exits with 1 after having listed all that is wrong.
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

from jsonschema import Draft202012Validator

BASE = os.environ["QUITTANCE_URL"].rstrip("/")
PAYPAL = f"{BASE}/sandbox/paypal"
SPECS = json.loads(pathlib.Path(__file__).with_name("paypal_openapi.json").read_text())
ORDERS, PAYMENTS, WEBHOOKS, DISPUTES = (
    SPECS["descriptions"][name]
    for name in ("checkout_orders_v2", "payments_payment_v2", "notifications_webhooks_v1",
                 "customer_disputes_v1")
)

# Where the description of 2024 is behind what PayPal does and documents since.
KNOWN_SINCE = {
    # A PayPal-Request-Id is asked for with every payment source.
    "PAYPAL_REQUEST_ID_REQUIRED",
}


def part_of_all(node, names):
    """Names of schemas that are parts of others: alone, they do not say which fields there are."""
    if isinstance(node, list):
        for item in node:
            part_of_all(item, names)
    elif isinstance(node, dict):
        for word in ("allOf", "anyOf", "oneOf"):
            for item in node.get(word, []):
                if "$ref" in item:
                    names.add(item["$ref"].rsplit("/", 1)[1])
        for item in node.values():
            part_of_all(item, names)
    return names


def strict(node, part=False):
    """As JSON Schema, where no field may be there that is not described."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {}
    for key, value in node.items():
        if key in ("allOf", "anyOf", "oneOf"):
            schema[key] = [strict(item, part=True) for item in value]
        elif key == "properties":
            schema[key] = {name: strict(item) for name, item in value.items()}
        elif key not in ("readOnly", "deprecated", "default", "nullable"):
            schema[key] = strict(value)
    if not part and ("properties" in schema or "allOf" in schema):
        schema["unevaluatedProperties"] = False
    return schema


class Description:
    """One of PayPal's descriptions."""

    def __init__(self, spec):
        self.spec = spec
        parts = part_of_all(spec, set())
        schemas = spec["components"]["schemas"]
        self.components = {
            "schemas": {name: strict(schema, name in parts) for name, schema in schemas.items()}
        }

    def validator(self, schema):
        whole = {**schema, "components": self.components}
        if "unevaluatedProperties" not in whole:
            whole["unevaluatedProperties"] = False
        return Draft202012Validator(whole)

    def answer(self, method, template, status):
        """What a body of this status has to be; `None` if that is not described."""
        responses = self.spec["paths"][template][method.lower()]["responses"]
        response = responses.get(str(status))
        # A request that is repeated is answered 200 with what the first one made; the description
        # of refunds knows of the first alone.
        if not response and status == 200:
            response = responses.get("201")
        if not response or "content" not in response:
            response = responses["default"]
        if "$ref" in response:
            response = self.spec["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        return self.validator(strict(response["content"]["application/json"]["schema"], part=True))

    def named(self, name):
        return self.validator({"$ref": f"#/components/schemas/{name}"})


class Judge:
    """Sends requests, and remembers what was wrong."""

    def __init__(self):
        self.passed, self.violations, self.driven = 0, [], set()
        self.orders, self.payments = Description(ORDERS), Description(PAYMENTS)
        self.webhooks, self.disputes = Description(WEBHOOKS), Description(DISPUTES)
        self.token = self.log_in()

    def log_in(self):
        status, body = self.send("POST", "/v1/oauth2/token", b"grant_type=client_credentials", {
            "authorization": "Basic " + base64.b64encode(b"sandbox-client:sandbox-secret").decode(),
            "content-type": "application/x-www-form-urlencoded",
        })
        self.expect("a token is given", status == 200 and body["token_type"] == "Bearer")
        return body["access_token"]

    def send(self, method, path, data, headers, base=PAYPAL):
        request = urllib.request.Request(base + path, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, json.load(answer)

    def call(self, spec, method, template, want, body=None, query="", headers=None, **ids):
        path = template.format(**ids)
        sent = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        sent.update(headers or {})
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        status, answer = self.send(method, path + query, data, sent)
        where = f"{method} {path}{query} {body} -> {status}"
        self.driven.add((method, template))
        self.expect(f"{where}: wanted {want}: {json.dumps(answer)[:300]}", status == want)
        issues = {detail["issue"] for detail in answer.get("details", [])}
        if not issues & KNOWN_SINCE:
            self.judge(where, spec.answer(method, template, status), answer)
        return answer

    def judge(self, where, validator, body):
        errors = sorted(validator.iter_errors(body), key=lambda error: len(error.absolute_path))
        self.passed += not errors
        for error in errors:
            at = "/".join(map(str, error.absolute_path))
            self.violations.append(f"{where}: {at}: {error.message[:400]}")

    def expect(self, what, holds):
        if not holds:
            self.violations.append(what)


CREATE = "/v2/checkout/orders"
ORDER = "/v2/checkout/orders/{id}"
CAPTURE = "/v2/checkout/orders/{id}/capture"
WALLET = {"paypal": {"experience_context": {
    "return_url": "https://shop.example/back", "cancel_url": "https://shop.example/cancel",
    "shipping_preference": "NO_SHIPPING", "user_action": "PAY_NOW", "brand_name": "Shop",
}}}


def wish(value="160.00", currency="USD", **unit):
    amount = {"currency_code": currency, "value": value}
    return {"intent": "CAPTURE", "purchase_units": [{"amount": amount, **unit}]}


def made(judge, body, want=200, whole=False):
    headers = {"paypal-request-id": str(uuid.uuid4())}
    if whole:
        headers["prefer"] = "return=representation"
    return judge.call(judge.orders, "POST", CREATE, want, body, headers=headers)


def captured(judge, order, want, key=None):
    headers = {"paypal-request-id": key or str(uuid.uuid4()), "prefer": "return=representation"}
    return judge.call(judge.orders, "POST", CAPTURE, want, {}, headers=headers, id=order)


def approve(order, funding):
    form = urllib.parse.urlencode({"token": order, "action": "agree", "funding": funding,
                                   "opener": "https://shop.example", "email": "a@example.com"})
    url = f"{BASE}/sandbox/paypal/checkoutnow"
    with urllib.request.urlopen(url, data=form.encode(), timeout=20) as answer:
        assert answer.status == 200


def control(what, **body):
    data = json.dumps(body).encode()
    with urllib.request.urlopen(f"{BASE}/sandbox/control/paypal/{what}", data=data, timeout=20) as done:
        return json.load(done)


def orders(judge):
    get = lambda order, want=200: judge.call(judge.orders, "GET", ORDER, want, id=order)
    plain = made(judge, wish(), 201)
    get(plain["id"])
    full = wish(custom_id="c", invoice_id=str(uuid.uuid4()), description="d", reference_id="r")
    for source in (WALLET, {"venmo": {"experience_context": {"brand_name": "Shop"}}}):
        for whole in (False, True):
            order = made(judge, {**full, "payment_source": source}, whole=whole)
            judge.expect("the payer has to act", order["status"] == "PAYER_ACTION_REQUIRED")
            get(order["id"])
    made(judge, wish("500", "JPY"), 201, whole=True)
    again = {"paypal-request-id": str(uuid.uuid4())}
    judge.call(judge.orders, "POST", CREATE, 201, wish(), headers=again)
    judge.call(judge.orders, "POST", CREATE, 200, wish(), headers=again)
    get("0000000000000000X", 404)
    return order["id"]


def mistakes(judge):
    for body in ({}, {"intent": "CAPTURE"}, {**wish(), "intent": "SAIL"},
                 {"intent": "CAPTURE", "purchase_units": [{}]}, wish("1,00"),
                 wish(custom_id="c" * 128), {**wish(), "payment_source": {"gold": {}}}):
        made(judge, body, 400)
    for body in (wish("0.00"), wish("1.005"), wish("1.5", "JPY"), wish("1.00", "XXA")):
        made(judge, body, 422)
    judge.call(judge.orders, "POST", CREATE, 400, {**wish(), "payment_source": WALLET})
    judge.call(judge.orders, "POST", CREATE, 400, b"{")
    judge.call(judge.orders, "POST", CREATE, 415, b"x", headers={"content-type": "text/plain"})
    nobody = {"authorization": "Bearer nobody"}
    judge.call(judge.orders, "POST", CREATE, 401, wish(), headers=nobody)
    judge.call(judge.orders, "GET", ORDER, 401, headers=nobody, id="5O190127TN364715T")
    judge.call(judge.orders, "POST", CAPTURE, 401, {}, headers=nobody, id="5O190127TN364715T")
    one = "/v2/payments/captures/{capture_id}"
    judge.call(judge.payments, "GET", one, 401, headers=nobody, capture_id="3C679366HH908993F")
    judge.call(judge.payments, "GET", one, 404, capture_id="3C679366HH908993F")


def captures(judge):
    one = "/v2/payments/captures/{capture_id}"
    captured(judge, "0000000000000000X", 404)
    for funding in ("balance", "credit", "venmo", "declined", "echeck", "echeck"):
        invoice = str(uuid.uuid4())
        body = {**wish(invoice_id=invoice, custom_id="c"), "payment_source": WALLET}
        order = made(judge, body)["id"]
        captured(judge, order, 422)
        approve(order, funding)
        judge.call(judge.orders, "GET", ORDER, 200, id=order)
        if funding == "declined":
            refused = captured(judge, order, 422)
            judge.expect("declined", refused["details"][0]["issue"] == "INSTRUMENT_DECLINED")
            approve(order, "balance")
        key = str(uuid.uuid4())
        done = captured(judge, order, 201, key)
        captured(judge, order, 200, key)
        captured(judge, order, 422)
        judge.call(judge.orders, "GET", ORDER, 200, id=order)
        capture = done["purchase_units"][0]["payments"]["captures"][0]["id"]
        judge.call(judge.payments, "GET", one, 200, capture_id=capture)
        if funding == "echeck":
            control("settle", order=order, paid=judge.passed % 2 == 0)
            judge.call(judge.payments, "GET", one, 200, capture_id=capture)
            judge.call(judge.orders, "GET", ORDER, 200, id=order)
        twice = made(judge, body)["id"]
        approve(twice, "balance")
        captured(judge, twice, 422)


REFUND = "/v2/payments/captures/{capture_id}/refund"


def paid(judge, funding="balance"):
    """An order that was paid, and its capture."""
    body = {**wish(invoice_id=str(uuid.uuid4()), custom_id="c"), "payment_source": WALLET}
    order = made(judge, body)["id"]
    approve(order, funding)
    done = captured(judge, order, 201)
    if funding == "echeck":
        control("settle", order=order, paid=True)
    return order, done["purchase_units"][0]["payments"]["captures"][0]["id"]


def refunded(judge, capture, want, body=None, key=None, whole=True):
    headers = {"paypal-request-id": key or str(uuid.uuid4())}
    if whole:
        headers["prefer"] = "return=representation"
    body = {} if body is None else body
    return judge.call(judge.payments, "POST", REFUND, want, body, headers=headers, capture_id=capture)


def refunds(judge):
    one, shown = "/v2/payments/refunds/{refund_id}", "/v2/payments/captures/{capture_id}"
    dollars = lambda value, currency="USD": {"amount": {"currency_code": currency, "value": value}}
    order, capture = paid(judge)
    key, names = str(uuid.uuid4()), {"custom_id": "ours", "invoice_id": str(uuid.uuid4())}
    first = refunded(judge, capture, 201, {**dollars("40.00"), **names, "note_to_payer": "n"}, key)
    again = refunded(judge, capture, 200, {**dollars("40.00"), **names, "note_to_payer": "n"}, key)
    judge.expect("the same request is the same refund", first["id"] == again["id"])
    judge.call(judge.payments, "GET", one, 200, refund_id=first["id"])
    part = judge.call(judge.payments, "GET", shown, 200, capture_id=capture)
    judge.expect("a part went back", part["status"] == "PARTIALLY_REFUNDED")
    listed = judge.call(judge.orders, "GET", ORDER, 200, id=order)
    listed = listed["purchase_units"][0]["payments"]["refunds"]
    judge.expect("its order lists it", [it["id"] for it in listed] == [first["id"]])
    for body, issue in ((dollars("120.01"), "REFUND_AMOUNT_EXCEEDED"),
                        (dollars("1.00", "EUR"), "REFUND_CAPTURE_CURRENCY_MISMATCH"),
                        ({**dollars("1.00"), **names}, "DUPLICATE_INVOICE_ID"),
                        (dollars("0.00"), "CANNOT_BE_ZERO_OR_NEGATIVE"),
                        (dollars("1.005"), "DECIMAL_PRECISION")):
        refused = refunded(judge, capture, 422, body)
        judge.expect(f"{issue}: {refused}", refused["details"][0]["issue"] == issue)
    refunded(judge, capture, 201, whole=False)
    refused = refunded(judge, capture, 422)
    judge.expect("all went back", refused["details"][0]["issue"] == "CAPTURE_FULLY_REFUNDED")
    judge.call(judge.payments, "GET", shown, 200, capture_id=capture)
    for result in (True, False):
        _, capture = paid(judge, "echeck")
        pending = refunded(judge, capture, 201)
        judge.expect("a bank takes its time", pending["status"] == "PENDING")
        control("refunds/settle", refund=pending["id"], paid=result)
        judge.call(judge.payments, "GET", one, 200, refund_id=pending["id"])
    nobody = {"authorization": "Bearer nobody"}
    judge.call(judge.payments, "GET", one, 401, headers=nobody, refund_id="3C679366HH908993F")
    judge.call(judge.payments, "GET", one, 404, refund_id="3C679366HH908993F")
    refunded(judge, "3C679366HH908993F", 404)
    judge.call(judge.payments, "POST", REFUND, 400, dollars("1,00"), capture_id=capture)


def disputes(judge):
    one, listed = "/v1/customer/disputes/{id}", "/v1/customer/disputes"
    for won in (True, False):
        order, capture = paid(judge)
        dispute = control("disputes", order=order)["dispute"]
        judge.call(judge.disputes, "GET", one, 200, id=dispute)
        found = judge.call(judge.disputes, "GET", listed, 200,
                           query=f"?disputed_transaction_id={capture}&page_size=50")
        judge.expect("it is listed", [it["dispute_id"] for it in found["items"]] == [dispute])
        part = {"amount": {"currency_code": "USD", "value": "1.00"}}
        refused = refunded(judge, capture, 422, part)
        judge.expect("disputed", refused["details"][0]["issue"] == "TRANSACTION_DISPUTED")
        control("disputes/decide", dispute=dispute, won=won)
        ended = judge.call(judge.disputes, "GET", one, 200, id=dispute)
        judge.expect("it ended", ended["status"] == "RESOLVED")
        judge.call(judge.orders, "GET", ORDER, 200, id=order)
    judge.call(judge.disputes, "GET", one, 404, id="PP-D-0")
    judge.call(judge.disputes, "GET", one, 401, headers={"authorization": "Bearer x"}, id="PP-D-0")


ACCEPT = "/v1/customer/disputes/{id}/accept-claim"
EVIDENCE = "/v1/customer/disputes/{id}/provide-evidence"


def evidence(notes):
    """Evidence and a file, as `multipart/form-data`: headers and body."""
    told = json.dumps({"evidences": [{"evidence_type": "OTHER", "notes": notes}]}) if notes else "{}"
    parts = (("input", "", "application/json", told),
             ("evidence-file", '; filename="receipt.pdf"', "application/pdf", "%PDF-1.7"))
    body = "".join(f'--x\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
                   f"Content-Type: {kind}\r\n\r\n{text}\r\n" for name, more, kind, text in parts)
    return {"content-type": "multipart/form-data; boundary=x"}, f"{body}--x--\r\n".encode()


def answers(judge):
    """What a seller says to a dispute."""
    one = "/v1/customer/disputes/{id}"
    opened = lambda: control("disputes", order=paid(judge)[0])["dispute"]
    claim = {"note": "n", "accept_claim_type": "REFUND"}
    dispute = opened()
    judge.call(judge.disputes, "POST", ACCEPT, 200, claim, id=dispute)
    ended = judge.call(judge.disputes, "GET", one, 200, id=dispute)
    outcome = ended["dispute_outcome"]["outcome_code"]
    judge.expect("who accepts loses", outcome == "RESOLVED_BUYER_FAVOUR")
    headers, told = evidence("they used it (1)")
    for template, more, body in ((ACCEPT, {}, claim), (EVIDENCE, headers, told)):
        judge.call(judge.disputes, "POST", template, 422, body, headers=more, id=dispute)
        judge.call(judge.disputes, "POST", template, 404, body, headers=more, id="PP-D-0")
        nobody = {**more, "authorization": "Bearer nobody"}
        judge.call(judge.disputes, "POST", template, 401, body, headers=nobody, id=dispute)
    dispute = opened()
    headers, nothing = evidence("")
    judge.call(judge.disputes, "POST", EVIDENCE, 400, nothing, headers=headers, id=dispute)
    judge.call(judge.disputes, "POST", EVIDENCE, 200, told, headers=headers, id=dispute)
    seen = judge.call(judge.disputes, "GET", one, 200, id=dispute)
    judge.expect("it is looked at", seen["status"] == "UNDER_REVIEW")
    notes = [it["notes"] for it in seen["evidences"]]
    judge.expect(f"it has the evidence: {notes}", notes == ["they used it (1)"])


def events(judge):
    listed = "/v1/notifications/webhooks-events"
    page = judge.call(judge.webhooks, "GET", listed, 200, query="?page_size=300")
    judge.expect("there are events of every kind", len({it["event_type"] for it in page["events"]}) >= 3)
    judge.call(judge.webhooks, "GET", listed, 200, query="?page_size=2&event_type=PAYMENT.CAPTURE.COMPLETED")
    for event in page["events"]:
        named = {
            "checkout-order": (judge.orders, "order"), "capture": (judge.payments, "capture-2"),
            "refund": (judge.payments, "refund"), "dispute": (judge.disputes, "dispute"),
        }[event["resource_type"]]
        named = named[0].named(named[1])
        judge.judge(f"{event['event_type']} {event['id']}", named, event["resource"])
    one = listed + "/{event_id}"
    judge.call(judge.webhooks, "GET", one, 200, event_id=page["events"][0]["id"])
    judge.call(judge.webhooks, "GET", one, 404, event_id="WH-NONE")
    question = {"auth_algo": "SHA256withRSA", "cert_url": "https://api.paypal.com/x",
                "transmission_id": "1", "transmission_sig": "x", "webhook_id": "5TR7190CW1234567S",
                "transmission_time": "2026-01-01T00:00:00Z", "webhook_event": page["events"][0]}
    verify = "/v1/notifications/verify-webhook-signature"
    verdict = judge.call(judge.webhooks, "POST", verify, 200, question)
    judge.expect("a made-up signature fails", verdict["verification_status"] == "FAILURE")
    judge.call(judge.webhooks, "POST", verify, 400, {})


def token(user, *roles):
    """A token of `user`, as the host application makes it."""
    claims = {"sub": user, "exp": int(time.time()) + 600, "roles": roles}
    plain = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
    text = b".".join(plain(json.dumps(part).encode())
                     for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    mac = hmac.new(os.environ["JWT_SECRET"].encode(), text, hashlib.sha256).digest()
    return (text + b"." + plain(mac)).decode()


def ours(judge):
    """Orders and refunds as our adapter asks for them."""
    def ask(path, body, *roles):
        headers = {"authorization": f"Bearer {token('eve' if roles else 'judge', *roles)}",
                   "content-type": "application/json"}
        return judge.send("POST", f"/api/v1/{path}", json.dumps(body).encode(), headers, base=BASE)

    def known(order):
        with urllib.request.urlopen(f"{BASE}/sandbox/control/state", timeout=20) as state:
            return next(it for it in json.load(state)["paypal"]["orders"] if it["id"] == order)

    for source in ("paypal", "credit", "paylater", "venmo"):
        wanted = {"packageId": "pro-200", "fundingSource": source}
        status, answer = ask("payments/paypal/create-order", wanted)
        judge.expect(f"our API makes an order for {source}: {answer}", status == 200)
        order = known(answer["data"]["orderId"])
        judge.judge(f"our request for {source}", judge.orders.named("order_request"), order["request"])
    approve(order["id"], "balance")
    status, paid = ask(f"payments/paypal/{order['id']}/capture", {})
    judge.expect(f"it is paid: {paid}", status == 200)
    status, asked = ask("payments/refund", {"transactionId": answer["data"]["transactionId"],
                                            "reason": "judged"})
    judge.expect(f"a refund is asked for: {asked}", status == 202)
    request = asked["data"]["refundRequestId"]
    status, done = ask(f"admin/refund-requests/{request}/approve", {"version": 0}, "finance")
    judge.expect(f"and approved: {done}", status == 200)
    until = time.monotonic() + 20
    while not (refunds := known(order["id"])["refunds"]) and time.monotonic() < until:
        time.sleep(0.1)
    judge.expect("and made once", len(refunds) == 1)
    for refund in refunds:
        judge.judge("our refund", judge.payments.named("refund_request"), refund["request"])


def main():
    judge = Judge()
    orders(judge)
    mistakes(judge)
    captures(judge)
    refunds(judge)
    disputes(judge)
    answers(judge)
    events(judge)
    ours(judge)
    for violation in judge.violations:
        print(violation, file=sys.stderr)
    print(f"{len(judge.driven)} endpoints of PayPal's driven")
    print(f"{judge.passed} passed, {len(judge.violations)} failed")
    return 1 if judge.violations else 0


if __name__ == "__main__":
    sys.exit(main())
