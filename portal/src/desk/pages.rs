//! Every page of the desk. A page that is missing here does not exist.
//!
//! Rows of the same path stand beside each other; the order is the navigation's.

use ingress::Role;
use payments::disputes::MAX_BYTES;
use poem::{EndpointExt, endpoint::BoxEndpoint};

use super::{
    adjustments, audit, blocklist, controls, dashboard, disputes, events, failed, guard::Staff,
    jobs, reconciliation, refunds, replay, revenue, reviews, transactions, users, verify,
};
use crate::FORM_LIMIT;

/// Whether a page is looked at, or does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It is looked at.
    Get,
    /// It does something, with a form.
    Post,
}

/// One page.
pub struct DeskPage {
    /// Whether it is looked at, or does something.
    pub verb: Verb,
    /// Where it is; `:id` stands for an id.
    pub path: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Who may see it, or do it.
    pub roles: &'static [Role],
    /// Under which heading the navigation has it; not at all, if `None`.
    pub(super) nav: Option<Group>,
    /// Largest form, in bytes.
    pub(super) limit: usize,
    pub(super) serve: fn() -> BoxEndpoint<'static>,
}

/// A heading of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Top,
    Money,
    People,
    System,
}

impl Group {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 4] = [Self::Top, Self::Money, Self::People, Self::System];

    /// The heading; empty where there is none.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Top => "",
            Self::Money => "Money",
            Self::People => "People",
            Self::System => "System",
        }
    }
}

/// Everybody who works at the desk.
const LOOKS: &[Role] = &[Role::Support, Role::Finance, Role::Admin];

/// Whoever decides about money.
pub(super) const DECIDES: &[Role] = &[Role::Finance, Role::Admin];

/// Whoever decides about the system.
pub(super) const RUNS: &[Role] = &[Role::Admin];

/// Largest form, in bytes: the longest text has 2,000 characters, each of which takes twelve at most
/// as a form writes them, and something stands around it.
const DEED_LIMIT: usize = 2 * FORM_LIMIT;

/// Largest form with files, in bytes: much more than a dispute's evidence may have, so that what is
/// too large is refused with a sentence, and the words that came with it are kept.
const UPLOAD_LIMIT: usize = 5 * MAX_BYTES;

/// A page that the navigation has.
const fn list(
    path: &'static str,
    title: &'static str,
    roles: &'static [Role],
    group: Group,
    serve: fn() -> BoxEndpoint<'static>,
) -> DeskPage {
    DeskPage { verb: Verb::Get, path, title, roles, nav: Some(group), limit: FORM_LIMIT, serve }
}

/// A page that other pages lead to.
const fn one(
    path: &'static str,
    title: &'static str,
    roles: &'static [Role],
    serve: fn() -> BoxEndpoint<'static>,
) -> DeskPage {
    DeskPage { verb: Verb::Get, path, title, roles, nav: None, limit: FORM_LIMIT, serve }
}

/// What a form does.
const fn deed(
    path: &'static str,
    title: &'static str,
    roles: &'static [Role],
    serve: fn() -> BoxEndpoint<'static>,
) -> DeskPage {
    DeskPage { verb: Verb::Post, path, title, roles, nav: None, limit: DEED_LIMIT, serve }
}

/// What a form with files does.
const fn upload(
    path: &'static str,
    title: &'static str,
    roles: &'static [Role],
    serve: fn() -> BoxEndpoint<'static>,
) -> DeskPage {
    DeskPage { limit: UPLOAD_LIMIT, ..deed(path, title, roles, serve) }
}

/// `href`, if it is a page that `staff` may see.
pub(super) fn leads(staff: &Staff, href: &str) -> Option<String> {
    let path = href.split('?').next().unwrap_or_default();
    let page = PAGES.iter().find(|page| page.path == path && page.verb == Verb::Get)?;
    staff.has(page.roles).then(|| href.to_owned())
}

/// Every page.
pub(super) static PAGES: &[DeskPage] = &[
    list("/desk", "Dashboard", LOOKS, Group::Top, || dashboard::show.boxed()),
    list("/desk/payments", "Transactions", LOOKS, Group::Money, || transactions::list.boxed()),
    one("/desk/payments/:id", "Payment", LOOKS, || transactions::show.boxed()),
    deed("/desk/payments/:id/sync", "Ask the provider", LOOKS, || transactions::sync.boxed()),
    list("/desk/failed", "Failed payments", LOOKS, Group::Money, || failed::list.boxed()),
    list("/desk/refunds", "Refund requests", LOOKS, Group::Money, || refunds::list.boxed()),
    one("/desk/refunds/:id", "Refund request", LOOKS, || refunds::show.boxed()),
    one("/desk/refunds/:id/approve", "Send money back", DECIDES, || refunds::ask.boxed()),
    deed("/desk/refunds/:id/approve", "Send money back", DECIDES, || refunds::approve.boxed()),
    deed("/desk/refunds/:id/deny", "Deny a refund", DECIDES, || refunds::deny.boxed()),
    list("/desk/disputes", "Disputes", LOOKS, Group::Money, || disputes::list.boxed()),
    one("/desk/disputes/:id", "Dispute", LOOKS, || disputes::show.boxed()),
    upload("/desk/disputes/:id/evidence", "Send evidence", DECIDES, || disputes::evidence.boxed()),
    one("/desk/disputes/:id/accept", "Accept a dispute", DECIDES, || disputes::ask.boxed()),
    deed("/desk/disputes/:id/accept", "Accept a dispute", DECIDES, || disputes::accept.boxed()),
    list("/desk/revenue", "Revenue", DECIDES, Group::Money, || revenue::show.boxed()),
    one("/desk/revenue.csv", "Revenue as a table", DECIDES, || revenue::csv.boxed()),
    list("/desk/users", "Users", LOOKS, Group::People, || users::list.boxed()),
    one("/desk/users/:id", "User", LOOKS, || users::show.boxed()),
    deed("/desk/users/:id/credits", "Change a balance", DECIDES, || adjustments::change.boxed()),
    list("/desk/adjustments", "Changes by hand", LOOKS, Group::People, || {
        adjustments::list.boxed()
    }),
    one("/desk/adjustments/:id", "Change by hand", LOOKS, || adjustments::show.boxed()),
    deed("/desk/adjustments/:id/approve", "Approve it", RUNS, || adjustments::approve.boxed()),
    deed("/desk/adjustments/:id/refuse", "Refuse it", RUNS, || adjustments::refuse.boxed()),
    list("/desk/events", "Webhooks", LOOKS, Group::System, || events::list.boxed()),
    one("/desk/events/:id", "Event", LOOKS, || events::show.boxed()),
    deed("/desk/events/:id/open", "Read an event", RUNS, || events::open.boxed()),
    one("/desk/events/:id/replay", "Replay an event", DECIDES, || replay::ask.boxed()),
    deed("/desk/events/:id/replay", "Replay an event", DECIDES, || replay::replay.boxed()),
    list("/desk/reconciliation", "Reconciliation", LOOKS, Group::System, || {
        reconciliation::list.boxed()
    }),
    deed("/desk/reconciliation", "Look for what is missing", DECIDES, || {
        reconciliation::ask.boxed()
    }),
    one("/desk/reconciliation/:id", "Reconciliation", LOOKS, || reconciliation::show.boxed()),
    list("/desk/reviews", "Reviews", LOOKS, Group::People, || reviews::list.boxed()),
    one("/desk/reviews/:id", "Review", LOOKS, || reviews::show.boxed()),
    deed("/desk/reviews/:id/release", "Release", DECIDES, || reviews::release.boxed()),
    one("/desk/reviews/:id/confirm", "Confirm fraud", DECIDES, || reviews::ask.boxed()),
    deed("/desk/reviews/:id/confirm", "Confirm fraud", DECIDES, || reviews::confirm.boxed()),
    deed("/desk/reviews/:id/contact", "Write to them", LOOKS, || reviews::contact.boxed()),
    list("/desk/blocklist", "Blocklist", LOOKS, Group::People, || blocklist::list.boxed()),
    deed("/desk/blocklist", "Keep somebody out", DECIDES, || blocklist::add.boxed()),
    one("/desk/blocklist/:id", "Kept out", LOOKS, || blocklist::show.boxed()),
    deed("/desk/blocklist/:id/remove", "Take it off", DECIDES, || blocklist::remove.boxed()),
    list("/desk/jobs", "Jobs", LOOKS, Group::System, || jobs::list.boxed()),
    one("/desk/jobs/requeue", "Run jobs again", RUNS, || jobs::ask.boxed()),
    deed("/desk/jobs/requeue", "Run jobs again", RUNS, || jobs::requeue_all.boxed()),
    one("/desk/jobs/:id", "Job", LOOKS, || jobs::show.boxed()),
    deed("/desk/jobs/:id/requeue", "Run a job again", RUNS, || jobs::requeue.boxed()),
    deed("/desk/jobs/:id/cancel", "Call a job off", RUNS, || jobs::cancel.boxed()),
    list("/desk/controls", "Controls", LOOKS, Group::System, || controls::show.boxed()),
    deed("/desk/controls/pause", "Pause", RUNS, || controls::pause.boxed()),
    deed("/desk/controls/resume", "Resume", RUNS, || controls::resume.boxed()),
    list("/desk/audit", "Audit log", RUNS, Group::System, || audit::list.boxed()),
    deed("/desk/audit/verify", "Verify the audit log", RUNS, || verify::run.boxed()),
];
