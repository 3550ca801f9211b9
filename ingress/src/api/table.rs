//! Every operation of the API.

use std::{future::Future, pin::Pin};

use poem::{Response, http::Method};
use schemars::{Schema, SchemaGenerator};

use super::{
    Call, account, adjustments, balance, blocklist, confirm, desk, disputes, export, hosted,
    intent, invoice, methods, openapi, packages, payments, paypal, receipt, reconciliation,
    refunds, replay, reviews, spend, view,
};
use crate::{Problem, body::API_LIMIT};

type Serving = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever; it says nothing about anybody.
    Anybody,
    /// A user, about what is theirs.
    User,
    /// Somebody with one of these roles, about everybody's.
    Staff(&'static [Role]),
}

/// What somebody of the seller's may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Looks.
    Support,
    /// Decides about money.
    Finance,
    /// Does everything.
    Admin,
}

impl Role {
    /// The role's name in tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Support => "support",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }
}

/// Who may look at everybody's refunds and disputes.
const LOOKS: Access = Access::Staff(&[Role::Support, Role::Finance, Role::Admin]);

/// Who may send money back.
const DECIDES: Access = Access::Staff(&[Role::Finance, Role::Admin]);

/// Who may do what concerns everything.
const ADMIN: Access = Access::Staff(&[Role::Admin]);

/// What an operation answers with.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    /// `{"success": true, "data": …}` with this schema inside.
    Data(fn(&mut SchemaGenerator) -> Schema),
    /// A file of this media type.
    File(&'static str),
}

/// A parameter of the query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) required: bool,
}

/// One row.
pub(crate) struct Operation {
    /// Its name in the document and in logs; clients are generated from it.
    pub(crate) id: &'static str,
    pub(crate) verb: Verb,
    /// The path below the API's, with `{id}` for the id.
    pub(crate) path: &'static str,
    pub(crate) about: &'static str,
    pub(crate) access: Access,
    pub(crate) query: &'static [Parameter],
    /// Largest body, in bytes.
    pub(crate) limit: usize,
    /// The schema of the body, if there is one.
    pub(crate) body: Option<fn(&mut SchemaGenerator) -> Schema>,
    /// The status of success.
    pub(crate) status: u16,
    pub(crate) answer: Answer,
    /// Whether it takes an `Idempotency-Key`.
    pub(crate) idempotent: bool,
    pub(crate) serve: fn(Call) -> Serving,
}

/// `path` as the router writes it.
pub(super) fn router_path(path: &str) -> String {
    path.replace("{id}", ":id")
}

fn schema<T: schemars::JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const fn parameter(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, required: false }
}

const CURSOR: Parameter = parameter("cursor", "The nextCursor of the page before");
const STATUS: Parameter = parameter("status", "One or more statuses, separated by commas");
const LIMIT: Parameter = parameter("limit", "Most items on the page: 1 to 100, 20 if left out");

/// A read of the caller's own.
const fn get(
    id: &'static str,
    path: &'static str,
    about: &'static str,
    answer: fn(&mut SchemaGenerator) -> Schema,
    serve: fn(Call) -> Serving,
) -> Operation {
    Operation {
        id,
        verb: Verb::Get,
        path,
        about,
        access: Access::User,
        query: &[],
        limit: API_LIMIT,
        body: None,
        status: 200,
        answer: Answer::Data(answer),
        idempotent: false,
        serve,
    }
}

/// A write of the caller's own.
const fn post(
    id: &'static str,
    path: &'static str,
    about: &'static str,
    answer: fn(&mut SchemaGenerator) -> Schema,
    serve: fn(Call) -> Serving,
) -> Operation {
    let read = get(id, path, about, answer, serve);
    Operation { verb: Verb::Post, idempotent: true, ..read }
}

/// All of them; rows of one path stand together.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation {
        body: Some(schema::<intent::Wish>),
        ..post(
            "createStripeIntent",
            "/payments/stripe/intent",
            "Begins to buy a package with Stripe",
            schema::<intent::Intent>,
            |call| Box::pin(intent::create(call)),
        )
    },
    Operation {
        body: Some(schema::<paypal::Wish>),
        ..post(
            "createPaypalOrder",
            "/payments/paypal/create-order",
            "Begins to buy a package with PayPal",
            schema::<paypal::Begun>,
            |call| Box::pin(paypal::create_order(call)),
        )
    },
    Operation {
        body: Some(schema::<hosted::Wish>),
        ..post(
            "createCheckoutSession",
            "/payments/stripe/checkout-session",
            "Begins to buy a package on a page of Stripe's",
            schema::<hosted::Begun>,
            |call| Box::pin(hosted::create(call)),
        )
    },
    post(
        "capturePaypalOrder",
        "/payments/paypal/{id}/capture",
        "Collects what the payer has approved at PayPal",
        schema::<confirm::Confirmation>,
        |call| Box::pin(paypal::capture(call)),
    ),
    Operation {
        body: Some(schema::<confirm::Which>),
        ..post(
            "confirmPayment",
            "/payments/confirm",
            "Looks what became of a payment, and completes it",
            schema::<confirm::Confirmation>,
            |call| Box::pin(confirm::confirm(call)),
        )
    },
    Operation {
        status: 202,
        body: Some(schema::<refunds::Ask>),
        ..post(
            "requestRefund",
            "/payments/refund",
            "Asks for a refund, and sets the unused credits aside",
            schema::<refunds::Asked>,
            |call| Box::pin(refunds::ask(call)),
        )
    },
    Operation {
        query: &[
            parameter("status", "One or more statuses, separated by commas"),
            parameter("method", "The kind of method: card, us_bank_account, paypal, …"),
            parameter("from", "Made on this day (UTC) or later: 2026-01-31"),
            parameter("to", "Made on this day (UTC) or earlier"),
            CURSOR,
            LIMIT,
        ],
        ..get(
            "listPayments",
            "/payments",
            "The caller's payments, newest first",
            schema::<view::Page<view::Payment>>,
            |call| Box::pin(payments::list(call)),
        )
    },
    Operation {
        query: &[Parameter { name: "year", about: "The year (UTC), such as 2026", required: true }],
        answer: Answer::File("text/csv"),
        ..get(
            "exportPayments",
            "/payments/export.csv",
            "A year's payments as a table",
            schema::<()>,
            |call| Box::pin(export::year(call)),
        )
    },
    get("getPayment", "/payments/{id}", "One payment", schema::<view::Payment>, |call| {
        Box::pin(payments::show(call))
    }),
    get(
        "getReceipt",
        "/payments/{id}/receipt",
        "The receipt of a payment that succeeded",
        schema::<receipt::Written>,
        |call| Box::pin(receipt::show(call)),
    ),
    Operation {
        status: 202,
        ..post(
            "resendReceipt",
            "/payments/{id}/receipt/resend",
            "Mails the receipt again, at most once a minute",
            schema::<receipt::Resent>,
            |call| Box::pin(receipt::resend(call)),
        )
    },
    Operation {
        answer: Answer::File("application/pdf"),
        ..get(
            "getInvoice",
            "/payments/{id}/invoice.pdf",
            "The invoice of a payment that succeeded",
            schema::<()>,
            |call| Box::pin(invoice::show(call)),
        )
    },
    get(
        "getRefundOffer",
        "/payments/{id}/refund-offer",
        "What a refund of a payment would be now, and how that comes about",
        schema::<refunds::Offered>,
        |call| Box::pin(refunds::offer(call)),
    ),
    Operation {
        access: Access::Anybody,
        ..get(
            "getRefundPolicy",
            "/refund-policy",
            "The seller's rules about refunds",
            schema::<refunds::Policy>,
            |call| Box::pin(std::future::ready(Ok(refunds::policy(&call)))),
        )
    },
    Operation {
        query: &[CURSOR, LIMIT],
        ..get(
            "listRefundRequests",
            "/refund-requests",
            "The caller's requests for refunds, newest first",
            schema::<view::Page<refunds::Request>>,
            |call| Box::pin(refunds::list(call)),
        )
    },
    get(
        "getRefundRequest",
        "/refund-requests/{id}",
        "One request for a refund",
        schema::<refunds::Request>,
        |call| Box::pin(refunds::show(call)),
    ),
    Operation {
        status: 202,
        body: Some(schema::<refunds::Appeal>),
        ..post(
            "appealRefundRequest",
            "/refund-requests/{id}/appeal",
            "Asks for a second look at a denial, by somebody else",
            schema::<refunds::Request>,
            |call| Box::pin(refunds::appeal(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[STATUS, CURSOR, LIMIT],
        ..get(
            "adminListRefundRequests",
            "/admin/refund-requests",
            "Everybody's requests for refunds, newest first",
            schema::<view::Page<desk::Case>>,
            |call| Box::pin(desk::list(call)),
        )
    },
    Operation {
        access: LOOKS,
        ..get(
            "adminGetRefundRequest",
            "/admin/refund-requests/{id}",
            "One request, with what a decision needs",
            schema::<desk::Case>,
            |call| Box::pin(desk::show(call)),
        )
    },
    Operation {
        access: DECIDES,
        body: Some(schema::<desk::Approval>),
        ..post(
            "adminApproveRefund",
            "/admin/refund-requests/{id}/approve",
            "Approves a request, in full or in part",
            schema::<desk::Case>,
            |call| Box::pin(desk::approve(call)),
        )
    },
    Operation {
        access: DECIDES,
        body: Some(schema::<desk::Denial>),
        ..post(
            "adminDenyRefund",
            "/admin/refund-requests/{id}/deny",
            "Denies a request, with a reason",
            schema::<desk::Case>,
            |call| Box::pin(desk::deny(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[STATUS, CURSOR, LIMIT],
        ..get(
            "adminListDisputes",
            "/admin/disputes",
            "Disputes, newest first",
            schema::<view::Page<disputes::Dispute>>,
            |call| Box::pin(disputes::list(call)),
        )
    },
    Operation {
        access: LOOKS,
        ..get(
            "adminGetDispute",
            "/admin/disputes/{id}",
            "One dispute, with what was answered",
            schema::<disputes::Dispute>,
            |call| Box::pin(disputes::show(call)),
        )
    },
    Operation {
        access: DECIDES,
        status: 202,
        limit: disputes::EVIDENCE_LIMIT,
        body: Some(schema::<disputes::Evidence>),
        ..post(
            "adminSubmitEvidence",
            "/admin/disputes/{id}/evidence",
            "Answers a dispute with evidence, once and for good",
            schema::<disputes::Dispute>,
            |call| Box::pin(disputes::evidence(call)),
        )
    },
    Operation {
        access: DECIDES,
        status: 202,
        body: Some(schema::<disputes::Acceptance>),
        ..post(
            "adminAcceptDispute",
            "/admin/disputes/{id}/accept",
            "Accepts a dispute: the payer gets the money",
            schema::<disputes::Dispute>,
            |call| Box::pin(disputes::accept(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[STATUS, CURSOR, LIMIT],
        ..get(
            "adminListAdjustments",
            "/admin/adjustments",
            "Balances that were changed by hand, newest first",
            schema::<view::Page<adjustments::Adjustment>>,
            |call| Box::pin(adjustments::list(call)),
        )
    },
    Operation {
        access: DECIDES,
        status: 201,
        body: Some(schema::<adjustments::Change>),
        ..post(
            "adminAdjustBalance",
            "/admin/adjustments",
            "Gives or takes credits by hand, or asks an admin to approve it",
            schema::<adjustments::Adjustment>,
            |call| Box::pin(adjustments::ask(call)),
        )
    },
    Operation {
        access: ADMIN,
        body: Some(schema::<adjustments::Decision>),
        ..post(
            "adminApproveAdjustment",
            "/admin/adjustments/{id}/approve",
            "Approves what somebody else asked for",
            schema::<adjustments::Adjustment>,
            |call| Box::pin(adjustments::approve(call)),
        )
    },
    Operation {
        access: ADMIN,
        body: Some(schema::<adjustments::Decision>),
        ..post(
            "adminRefuseAdjustment",
            "/admin/adjustments/{id}/refuse",
            "Refuses it, or takes it back",
            schema::<adjustments::Adjustment>,
            |call| Box::pin(adjustments::refuse(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[parameter("gaps", "true for only those that found something"), CURSOR, LIMIT],
        ..get(
            "adminListReconciliations",
            "/admin/reconciliation",
            "Looks at the providers' side, newest first",
            schema::<view::Page<reconciliation::Reconciliation>>,
            |call| Box::pin(reconciliation::list(call)),
        )
    },
    Operation {
        access: DECIDES,
        status: 202,
        body: Some(schema::<reconciliation::Sync>),
        ..post(
            "adminReconcile",
            "/admin/reconciliation",
            "Looks at the provider's side of one payment, one event, or a span of time",
            schema::<reconciliation::Asked>,
            |call| Box::pin(reconciliation::sync(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[CURSOR, LIMIT],
        ..get(
            "adminGetReconciliation",
            "/admin/reconciliation/{id}",
            "One look, with every gap it found",
            schema::<reconciliation::Report>,
            |call| Box::pin(reconciliation::show(call)),
        )
    },
    Operation {
        access: DECIDES,
        body: Some(schema::<replay::Replay>),
        ..post(
            "adminReplayEvent",
            "/admin/events/{id}/replay",
            "Shows what an event would change, or has it applied again",
            schema::<replay::Replayed>,
            |call| Box::pin(replay::replay(call)),
        )
    },
    Operation {
        access: ADMIN,
        idempotent: false,
        ..post(
            "adminVerifyAudit",
            "/admin/audit/verify",
            "Recomputes the audit log's chain",
            schema::<replay::Verified>,
            |call| Box::pin(replay::verify_audit(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[STATUS, CURSOR, LIMIT],
        ..get(
            "adminListReviews",
            "/admin/reviews",
            "Payments that a person has to look at, newest first",
            schema::<view::Page<reviews::Case>>,
            |call| Box::pin(reviews::list(call)),
        )
    },
    Operation {
        access: LOOKS,
        ..get(
            "adminGetReview",
            "/admin/reviews/{id}",
            "One case, with what a decision needs",
            schema::<reviews::Whole>,
            |call| Box::pin(reviews::show(call)),
        )
    },
    Operation {
        access: DECIDES,
        body: Some(schema::<reviews::Release>),
        ..post(
            "adminReleaseReview",
            "/admin/reviews/{id}/release",
            "Finds a case harmless, and frees its credits",
            schema::<reviews::Whole>,
            |call| Box::pin(reviews::release(call)),
        )
    },
    Operation {
        access: DECIDES,
        body: Some(schema::<reviews::Fraud>),
        ..post(
            "adminConfirmFraud",
            "/admin/reviews/{id}/confirm",
            "Confirms fraud: the money goes back, the account is flagged",
            schema::<reviews::Whole>,
            |call| Box::pin(reviews::confirm(call)),
        )
    },
    Operation {
        access: LOOKS,
        status: 202,
        body: Some(schema::<reviews::Contact>),
        ..post(
            "adminContactCustomer",
            "/admin/reviews/{id}/contact",
            "Writes to the customer of a case",
            schema::<reviews::Message>,
            |call| Box::pin(reviews::contact(call)),
        )
    },
    Operation {
        access: LOOKS,
        query: &[parameter("all", "true: also what was taken off or has ended"), CURSOR, LIMIT],
        ..get(
            "adminListBlocklist",
            "/admin/blocklist",
            "To whom nothing is sold, newest first",
            schema::<view::Page<blocklist::Entry>>,
            |call| Box::pin(blocklist::list(call)),
        )
    },
    Operation {
        access: DECIDES,
        status: 201,
        body: Some(schema::<blocklist::Wish>),
        ..post(
            "adminBlock",
            "/admin/blocklist",
            "Sells nothing more to a user, a card, a mail domain or a range of addresses",
            schema::<blocklist::Entry>,
            |call| Box::pin(blocklist::add(call)),
        )
    },
    Operation {
        access: DECIDES,
        verb: Verb::Delete,
        idempotent: false,
        ..post(
            "adminUnblock",
            "/admin/blocklist/{id}",
            "Takes an entry off, and with a user the flag of their account",
            schema::<blocklist::Entry>,
            |call| Box::pin(blocklist::remove(call)),
        )
    },
    get(
        "listPaymentMethods",
        "/payment-methods",
        "The caller's saved methods, newest first",
        schema::<methods::Methods>,
        |call| Box::pin(methods::list(call)),
    ),
    Operation {
        status: 201,
        body: Some(schema::<methods::Wish>),
        ..post(
            "savePaymentMethod",
            "/payment-methods",
            "Saves a method, or begins to",
            schema::<methods::Saved>,
            |call| Box::pin(methods::save(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        idempotent: false,
        ..post(
            "deletePaymentMethod",
            "/payment-methods/{id}",
            "Takes a saved method off, here and at the provider",
            schema::<view::Gone>,
            |call| Box::pin(methods::delete(call)),
        )
    },
    get(
        "listPackages",
        "/packages",
        "What is on sale, cheapest first",
        schema::<packages::Packages>,
        |call| Box::pin(packages::list(call)),
    ),
    get(
        "getBalance",
        "/credits/balance",
        "What the caller may spend",
        schema::<balance::Balance>,
        |call| Box::pin(balance::show(call)),
    ),
    Operation {
        query: &[CURSOR, LIMIT],
        ..get(
            "listCredits",
            "/credits/history",
            "What came and went, newest first",
            schema::<view::Page<balance::Movement>>,
            |call| Box::pin(balance::history(call)),
        )
    },
    Operation {
        body: Some(schema::<spend::Wish>),
        ..post(
            "spendCredits",
            "/credits/spend",
            "Takes credits, once for each reference",
            schema::<spend::Taken>,
            |call| Box::pin(spend::spend(call)),
        )
    },
    get(
        "getBilling",
        "/account/billing",
        "Whom the caller's invoices are made out to",
        schema::<account::Billing>,
        |call| Box::pin(account::billing(call)),
    ),
    Operation {
        verb: Verb::Put,
        idempotent: false,
        body: Some(schema::<account::Billing>),
        ..post(
            "setBilling",
            "/account/billing",
            "Has invoices made out to somebody else from now on",
            schema::<account::Billing>,
            |call| Box::pin(account::set_billing(call)),
        )
    },
    Operation {
        verb: Verb::Delete,
        status: 202,
        ..post(
            "deleteAccount",
            "/account",
            "Erases personal data and saved methods; what tax law needs stays",
            schema::<view::Gone>,
            |call| Box::pin(account::delete(call)),
        )
    },
    Operation {
        access: Access::Anybody,
        answer: Answer::File("application/json"),
        ..get("getOpenApi", "/openapi.json", "This document", schema::<()>, |_| {
            Box::pin(std::future::ready(Ok(openapi::show())))
        })
    },
];
