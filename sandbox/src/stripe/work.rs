//! The state, and one call's hold on it.

use serde_json::{Map, Value};

use super::{
    Table, charges::Charge, customers::Customer, disputes::Dispute, events::Event, intents::Intent,
    methods::Method, refunds::Refund, sessions::Session, setups::Setup,
};
use crate::{api::error::ApiError, ids};

/// Most events kept.
const MAX_EVENTS: usize = 100_000;

/// Most objects of a kind kept. At 1 to 3 KB each, a sandbox stays around a gigabyte.
const MAX_OBJECTS: usize = 100_000;

/// Everything that the sandbox knows.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) customers: Table<Customer>,
    pub(crate) methods: Table<Method>,
    pub(crate) intents: Table<Intent>,
    pub(crate) charges: Table<Charge>,
    pub(crate) sessions: Table<Session>,
    pub(crate) setups: Table<Setup>,
    pub(crate) refunds: Table<Refund>,
    pub(crate) disputes: Table<Dispute>,
    /// Files, as they are shown.
    pub(crate) files: Table<Value>,
    pub(crate) events: Table<Event>,
}

impl State {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            customers: Table::new(MAX_OBJECTS),
            methods: Table::new(MAX_OBJECTS),
            intents: Table::new(MAX_OBJECTS),
            charges: Table::new(MAX_OBJECTS),
            sessions: Table::new(MAX_OBJECTS),
            setups: Table::new(MAX_OBJECTS),
            refunds: Table::new(MAX_OBJECTS),
            disputes: Table::new(MAX_OBJECTS),
            files: Table::new(MAX_OBJECTS),
            events: Table::new(MAX_EVENTS),
        }
    }
}

/// The request that events are ascribed to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// Its id.
    pub(crate) request: Option<String>,
    /// Its idempotency key.
    pub(crate) key: Option<String>,
}

/// One call at work on the state.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    /// What it works on.
    pub(crate) state: &'a mut State,
    /// When, in seconds since 1970.
    pub(crate) now: i64,
    /// On whose behalf.
    pub(crate) origin: Origin,
    /// Where the sandbox's pages are, without a slash at the end.
    pub(crate) pages: &'a str,
    /// Whether anybody wants to hear of events.
    pub(crate) webhooks: bool,
    /// Whether payments take a while.
    pub(crate) slow: bool,
    /// The ids of the events made.
    pub(crate) made: Vec<String>,
    /// The ids of the intents that are being processed.
    pub(crate) processing: Vec<String>,
    /// The ids of the intents that a bank was asked to pay.
    pub(crate) debited: Vec<String>,
    /// The ids of the refunds that become something else by themselves.
    pub(crate) refunding: Vec<String>,
}

impl Work<'_> {
    /// Makes an event of `object` as it is now.
    pub(crate) fn emit(&mut self, kind: &'static str, object: Value) {
        self.emit_change(kind, object, None);
    }

    /// Makes an event of `object` as it is now and of what its changed fields were before.
    pub(crate) fn emit_change(&mut self, kind: &'static str, object: Value, before: Option<Value>) {
        let id = ids::random("evt_3", 23);
        let mut data = Map::from_iter([("object".to_owned(), object)]);
        if let Some(before) = before {
            data.insert("previous_attributes".to_owned(), before);
        }
        let data = Value::Object(data).to_string().into();
        let event = Event {
            id: id.clone(),
            kind,
            created: self.now,
            data,
            origin: self.origin.clone(),
            pending: u32::from(self.webhooks),
        };
        self.state.events.insert(id.clone(), event);
        self.made.push(id);
    }

    /// Replaces the ids that `paths` lead to by what they stand for.
    pub(crate) fn expand(&self, value: &mut Value, paths: &[String]) {
        for path in paths {
            let keys: Vec<&str> = path.split('.').collect();
            self.expand_path(value, &keys);
        }
    }

    fn expand_path(&self, value: &mut Value, keys: &[&str]) {
        let Some((key, rest)) = keys.split_first() else { return };
        let Some(field) = value.get_mut(*key) else { return };
        if let Some(items) = field.as_array_mut() {
            return items.iter_mut().for_each(|item| self.expand_path(item, rest));
        }
        if let Some(found) = field.as_str().and_then(|id| self.find(id)) {
            *field = found;
        }
        self.expand_path(field, rest);
    }

    fn find(&self, id: &str) -> Option<Value> {
        match id.split_once('_')?.0 {
            "cus" => self.state.customers.get(id).map(Customer::view),
            "pm" => self.state.methods.get(id).map(Method::view),
            "pi" => self.state.intents.get(id).map(|intent| self.view_intent(intent)),
            "ch" => self.state.charges.get(id).map(Charge::view),
            "seti" => self.state.setups.get(id).map(Setup::view),
            "re" => self.state.refunds.get(id).map(Refund::view),
            "du" => self.state.disputes.get(id).map(Dispute::view),
            _ => None,
        }
    }
}

/// Refuses each of `paths` that Stripe does not expand in an object of this kind.
pub(crate) fn check_expand(kind: &str, paths: &[String]) -> Result<(), ApiError> {
    const MAX_DEPTH: usize = 4;
    for path in paths {
        let keys: Vec<&str> = path.split('.').collect();
        if keys.len() > MAX_DEPTH {
            let message = "You cannot expand more than 4 levels of a property.";
            return Err(ApiError::invalid(message).param("expand"));
        }
        let end = keys.iter().try_fold(kind, |kind, key| expandable(kind, key));
        if end.is_none() {
            let message = format!("This property cannot be expanded ({path}).");
            return Err(ApiError::invalid(message).param("expand"));
        }
    }
    Ok(())
}

/// What `key` of a `kind` of object stands for, if Stripe documents it as expandable.
fn expandable(kind: &str, key: &str) -> Option<&'static str> {
    match (kind, key) {
        ("setup_intents", "data") => Some("setup_intent"),
        ("setup_intent", "payment_method") => Some("payment_method"),
        ("payment_intents", "data") | ("charge" | "refund" | "dispute", "payment_intent") => {
            Some("payment_intent")
        }
        ("sessions", "data") => Some("session"),
        ("session", "payment_intent") => Some("payment_intent"),
        ("charges", "data")
        | ("payment_intent", "latest_charge")
        | ("refund" | "dispute", "charge") => Some("charge"),
        ("refunds", "data") => Some("refund"),
        ("disputes", "data") => Some("dispute"),
        ("payment_methods", "data") | ("payment_intent", "payment_method") => {
            Some("payment_method")
        }
        (
            "payment_intent" | "charge" | "payment_method" | "session" | "setup_intent"
            | "customer_session",
            "customer",
        ) => Some("customer"),
        // Never set in the sandbox, so there is nothing to expand.
        ("payment_intent", "application" | "on_behalf_of" | "review")
        | (
            "charge",
            "application"
            | "application_fee"
            | "balance_transaction"
            | "failure_balance_transaction"
            | "on_behalf_of"
            | "review"
            | "source_transfer"
            | "transfer",
        )
        | ("session", "invoice" | "payment_link" | "setup_intent" | "subscription")
        | ("customer", "default_source" | "test_clock") => Some("nothing"),
        _ => None,
    }
}
