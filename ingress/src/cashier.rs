//! The cashier: asks providers on a payer's behalf, and brings our rows to what they answer.

mod hosted;
mod wallet;

pub use wallet::{BegunSetup, SpentCredits};

use std::{sync::Arc, time::Duration};

use entities::{Money, PaymentId, Provider, fact::Fact, payment};
use gateways::{Funding, Gateway, GatewayError, Gateways, PaymentOrder, ProviderPayment, ReturnTo};
use jobs::{Dispatcher, FollowPayment, Job};
use payments::{
    Store,
    apply::{self, Item, Outcome},
    checkout::{self, Linked},
    core::Policies,
    customers::{self, User},
    fraud::Visit,
    ledger, reviews,
};
use secrecy::SecretString;

/// How often one transition is tried against somebody faster; each loss means another one won.
const TRIES: usize = 8;

/// How long after a call of unknown outcome it is looked up: by then the provider knows.
const FOLLOW_AFTER: Duration = Duration::from_secs(5);

/// Begins and confirms payments.
#[derive(Clone, Debug)]
pub struct Cashier {
    store: Store,
    gateways: Gateways,
    policies: Policies,
    dispatcher: Dispatcher,
}

/// A payment that the payer can now pay.
#[derive(Debug)]
pub struct Begun {
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's id of it.
    pub reference: String,
    /// What lets the payer's browser pay it, and only it.
    pub client_secret: SecretString,
    /// What is owed.
    pub price: Money,
}

/// A payment that the payer can now approve on the provider's pages.
#[derive(Debug)]
pub struct Approval {
    /// The payment.
    pub payment_id: PaymentId,
    /// The provider's id of it.
    pub reference: String,
    /// Where the payer approves it.
    pub url: String,
    /// What is owed.
    pub price: Money,
}

/// A payment that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// The payment.
    pub payment_id: PaymentId,
    /// Credits it granted, bonus included, that are not set aside for a review.
    pub credits_added: i64,
    /// Credits that are set aside until somebody has looked at the payment.
    pub credits_held: i64,
    /// Credits the payer has now.
    pub balance: i64,
    /// The provider's page for it.
    pub receipt_url: Option<String>,
}

/// Which payment is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The one with this id of ours.
    Payment(PaymentId),
    /// The one with this id of a provider's.
    Reference(Provider, String),
}

/// Who wants to know what became of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// The payer, having just agreed to it or wanting to try again.
    ByPayer,
    /// A page that is open.
    ByItself,
}

/// How a payer wants to pay.
struct How {
    payment_method: Option<String>,
    /// Whether to save it once it has paid.
    keep: bool,
    return_to: Option<ReturnTo>,
    funding: Funding,
}

/// Why a payment cannot be begun or confirmed.
#[derive(Debug, thiserror::Error)]
pub enum CashierError {
    /// The provider is not set up.
    #[error("{0} is not set up")]
    NotSetUp(Provider),
    /// The caller has no such payment.
    #[error("the caller has no such payment")]
    UnknownPayment,
    /// The caller has no such saved method.
    #[error("the caller has no such saved method")]
    UnknownMethod,
    /// The payment has not succeeded, so there is nothing to acknowledge.
    #[error("the payment has not succeeded")]
    NoReceipt,
    /// The provider has not been told of the payment yet, or we do not know what it answered.
    #[error("the payment has not reached the provider")]
    NotBegun,
    /// The payer's bank or the provider said no.
    #[error("the payment was declined")]
    Declined {
        /// The provider's code.
        code: String,
        /// The issuer's finer reason.
        decline_code: Option<String>,
    },
    /// The payer has to do something first.
    #[error("the payer has to act")]
    RequiresAction {
        /// Where, if it is a page.
        url: Option<String>,
    },
    /// The payer has not given a payment method.
    #[error("no payment method was given")]
    RequiresMethod,
    /// The money is on its way.
    #[error("the payment is processing")]
    Processing,
    /// The payment was given up.
    #[error("the payment was canceled")]
    Canceled,
    /// The provider's word contradicts our row; a review is open.
    #[error("the payment is under review")]
    UnderReview,
    /// The provider did not understand what we sent on the caller's behalf.
    #[error("the provider refused the request")]
    Refused(#[source] GatewayError),
    /// The provider gave no answer; what it did is looked up.
    #[error("the provider gave no usable answer")]
    Unavailable(#[source] GatewayError),
    /// Our own failure.
    #[error(transparent)]
    Payments(#[from] payments::Error),
}

impl Cashier {
    /// A cashier over `store` and `gateways`.
    pub fn new(
        store: &Store,
        gateways: &Gateways,
        policies: &Policies,
        dispatcher: &Dispatcher,
    ) -> Self {
        Self {
            store: store.clone(),
            gateways: gateways.clone(),
            policies: policies.clone(),
            dispatcher: dispatcher.clone(),
        }
    }

    /// Begins a payment of `user` for package `package_id`: [`Cashier::begin_with`] without saving.
    pub async fn begin(
        &self,
        from: (&User, &Visit),
        package_id: &str,
        payment_method: Option<&str>,
        provider: Provider,
    ) -> Result<Begun, CashierError> {
        self.begin_with(from, package_id, payment_method, false, provider).await
    }

    /// Begins a payment of a user, who comes from where `from` says, for package `package_id`, with the provider's token of a method,
    /// the id of one they saved, or none yet; and saves it once it has paid, if `keep`.
    ///
    /// Our row is first and names itself to the provider: if we die in between, the provider's
    /// webhook finds it.
    pub async fn begin_with(
        &self,
        from: (&User, &Visit),
        package_id: &str,
        payment_method: Option<&str>,
        keep: bool,
        provider: Provider,
    ) -> Result<Begun, CashierError> {
        let payment_method = payment_method.map(str::to_owned);
        let how = How { payment_method, keep, return_to: None, funding: Funding::Wallet };
        let (payment, made) = self.open(from, package_id, provider, how).await?;
        let client_secret = made.client_secret.ok_or(CashierError::NotBegun)?;
        let reference = made.fact.reference;
        Ok(Begun { payment_id: payment.id, reference, client_secret, price: payment.price() })
    }

    /// Begins a payment that the payer approves on the provider's own pages, from which they come
    /// back as `return_to` says. Once they are back, [`Cashier::confirm`] collects it.
    pub async fn begin_approval(
        &self,
        from: (&User, &Visit),
        package_id: &str,
        provider: Provider,
        return_to: ReturnTo,
        funding: Funding,
    ) -> Result<Approval, CashierError> {
        let how = How { payment_method: None, keep: false, return_to: Some(return_to), funding };
        let (payment, made) = self.open(from, package_id, provider, how).await?;
        let url = made.next_action_url.ok_or(CashierError::NotBegun)?;
        let reference = made.fact.reference;
        Ok(Approval { payment_id: payment.id, reference, url, price: payment.price() })
    }

    async fn open(
        &self,
        from: (&User, &Visit),
        package_id: &str,
        provider: Provider,
        how: How,
    ) -> Result<(payment::Model, ProviderPayment), CashierError> {
        let gateway = self.gateway(provider)?;
        let (payment, order) = self.order(from, package_id, provider, how).await?;
        let made = gateway.create_payment(&order).await.map_err(refused)?;
        let reference = &made.fact.reference;
        if checkout::link(&self.store, payment.id, reference).await? == Linked::Taken {
            tracing::error!(payment.id = %payment.id, "the provider made two objects of one payment");
            return Err(CashierError::UnderReview);
        }
        Ok((payment, made))
    }

    /// Our row of a payment that begins, and what the provider is told of it.
    async fn order(
        &self,
        (user, visit): (&User, &Visit),
        package_id: &str,
        provider: Provider,
        how: How,
    ) -> Result<(payment::Model, PaymentOrder), CashierError> {
        let payer = customers::ensure(&self.store, user).await?;
        let chosen = how.payment_method.as_deref();
        let (customer, method) = self.resolve((&payer, user), chosen, how.keep, provider).await?;
        let policy = self.policies.get(provider).ok_or(CashierError::NotSetUp(provider))?;
        let at = (provider, self.gateway(provider)?.livemode());
        let payer = (&payer, user.email.as_deref());
        let payment =
            checkout::begin(&self.store, &policy.fraud, payer, visit, package_id, at).await?;
        let order = PaymentOrder {
            payment_id: payment.id,
            price: payment.price(),
            payment_method: method,
            customer,
            keep_method: how.keep,
            receipt_email: None,
            description: format!("{} credits", payment.total_credits()),
            return_to: how.return_to,
            funding: how.funding,
        };
        Ok((payment, order))
    }

    /// Brings the caller's payment to what its provider says, and confirms it if that is due.
    ///
    /// The same transition as the webhook's: both at once grant once.
    pub async fn confirm(&self, user: &User, target: &Target) -> Result<Confirmed, CashierError> {
        self.bring(user, target, Asked::ByPayer).await
    }

    /// As [`Cashier::confirm`], for who only looks: what was declined is not tried again until the
    /// payer has agreed anew.
    pub async fn look(&self, user: &User, target: &Target) -> Result<Confirmed, CashierError> {
        self.bring(user, target, Asked::ByItself).await
    }

    async fn bring(
        &self,
        user: &User,
        target: &Target,
        asked: Asked,
    ) -> Result<Confirmed, CashierError> {
        let payment = self.find_own(user, target).await?.ok_or(CashierError::UnknownPayment)?;
        if payment.status.rank() >= payment::Status::Succeeded.rank() {
            return self.confirmed(&payment).await;
        }
        let gateway = self.gateway(payment.provider)?;
        let Some(reference) = payment.provider_reference.as_deref() else {
            return self.bring_hosted(gateway.as_ref(), &payment).await;
        };
        let mut told = gateway.retrieve_payment(reference).await.map_err(refused)?;
        let agreed_at = told.agreed_at();
        let declined = asked == Asked::ByItself
            && agreed_at.is_some_and(|at| checkout::is_declined_since(&payment, at));
        if told.needs_confirmation && !declined {
            let key = checkout::confirm_key(&payment, agreed_at);
            told = self.confirm_at(gateway.as_ref(), &payment, reference, &key).await?;
        }
        let now = self.settle(payment.id, told.fact.clone()).await?;
        self.answer(&now, &told).await
    }

    /// Where the payer goes on with the caller's payment at its provider: to agree to it, or after a
    /// decline to choose anew what to pay from. `None` if there is nothing to do there.
    pub async fn approval_page(
        &self,
        user: &User,
        target: &Target,
    ) -> Result<Option<String>, CashierError> {
        let payment = self.find_own(user, target).await?.ok_or(CashierError::UnknownPayment)?;
        if payment.status.rank() >= payment::Status::Succeeded.rank() {
            return Ok(None);
        }
        let gateway = self.gateway(payment.provider)?.as_ref();
        if let Some(url) = self.hosted_url(gateway, &payment).await? {
            return Ok(Some(url));
        }
        let Some(reference) = payment.provider_reference.as_deref() else { return Ok(None) };
        Ok(gateway.retrieve_payment(reference).await.map_err(refused)?.next_action_url)
    }

    async fn confirm_at(
        &self,
        gateway: &dyn Gateway,
        payment: &payment::Model,
        reference: &str,
        key: &str,
    ) -> Result<ProviderPayment, CashierError> {
        match gateway.confirm_payment(reference, key).await {
            Ok(told) => Ok(told),
            Err(GatewayError::Api { status: 402, code, decline_code, payment: fact, .. }) => {
                if let Some(fact) = fact {
                    self.settle(payment.id, *fact).await?;
                }
                let code = code.unwrap_or_else(|| "card_declined".to_owned());
                Err(CashierError::Declined { code, decline_code })
            }
            Err(error) => {
                if error.outcome_unknown() {
                    self.follow(payment).await?;
                }
                Err(refused(error))
            }
        }
    }

    /// Sees to it that what became of `payment` is found out, even if nobody asks again.
    async fn follow(&self, payment: &payment::Model) -> Result<(), payments::Error> {
        let job = FollowPayment { payment_id: payment.id, version: payment.version };
        let txn = self.store.db.begin().await?;
        let enqueued = job.enqueue(&txn, self.store.clock.now() + FOLLOW_AFTER).await?;
        txn.commit().await?;
        self.dispatcher.announce(enqueued.into_iter().collect());
        Ok(())
    }

    /// Applies `fact`, and returns the payment as it is then.
    async fn settle(&self, id: PaymentId, fact: Fact) -> Result<payment::Model, CashierError> {
        let policy =
            self.policies.get(fact.provider).ok_or(CashierError::NotSetUp(fact.provider))?;
        let items = [Item { fact, event_id: None }];
        let mut tries = 0;
        let applied = loop {
            tries += 1;
            match self.apply(policy, &items).await {
                Err(error) if error.is_transient() && tries < TRIES => {}
                result => break result?,
            }
        };
        self.dispatcher.announce(applied.enqueued);
        match applied.outcomes.first() {
            Some(Outcome::Contradicted(..)) => return Err(CashierError::UnderReview),
            Some(Outcome::Applied(_) | Outcome::Unknown) | None => {}
        }
        checkout::find(&self.store, id).await?.ok_or(CashierError::UnknownPayment)
    }

    async fn apply(
        &self,
        policy: &payments::core::Policy,
        items: &[Item],
    ) -> Result<apply::Applied, payments::Error> {
        let txn = self.store.db.begin().await?;
        let (vault, now) = (&self.store.vault, self.store.clock.now());
        let applied = apply::apply(&txn, vault, policy, items, now).await?;
        txn.commit().await?;
        Ok(applied)
    }

    async fn answer(
        &self,
        payment: &payment::Model,
        told: &ProviderPayment,
    ) -> Result<Confirmed, CashierError> {
        use payment::Status;
        match payment.status {
            Status::Succeeded | Status::PartiallyRefunded | Status::Refunded => {
                self.confirmed(payment).await
            }
            Status::Pending => Err(CashierError::RequiresMethod),
            Status::RequiresAction => {
                Err(CashierError::RequiresAction { url: told.next_action_url.clone() })
            }
            Status::Processing => Err(CashierError::Processing),
            Status::Failed => Err(CashierError::Declined {
                code: payment.failure_code.clone().unwrap_or_else(|| "card_declined".to_owned()),
                decline_code: payment.decline_code.clone(),
            }),
            Status::Canceled => Err(CashierError::Canceled),
            Status::Blocked => Err(CashierError::UnderReview),
        }
    }

    async fn confirmed(&self, payment: &payment::Model) -> Result<Confirmed, CashierError> {
        let balance = ledger::balance(&self.store, payment.customer_id).await?;
        let credits_held = reviews::held(&self.store, payment.id).await?;
        Ok(Confirmed {
            payment_id: payment.id,
            credits_added: payment.total_credits() - credits_held,
            credits_held,
            balance: balance.available,
            receipt_url: payment.receipt_url.clone(),
        })
    }

    async fn find_own(
        &self,
        user: &User,
        target: &Target,
    ) -> Result<Option<payment::Model>, payments::Error> {
        match target {
            Target::Payment(id) => checkout::find_own_by_id(&self.store, &user.user_ref, *id).await,
            Target::Reference(provider, reference) => {
                checkout::find_own(&self.store, &user.user_ref, *provider, reference).await
            }
        }
    }

    /// Brings payment `id`, whoever's, to what its provider says. Nothing is collected: only the
    /// payer can agree to that.
    pub async fn sync(&self, id: PaymentId) -> Result<payment::Model, CashierError> {
        let payment = checkout::find(&self.store, id).await?;
        let payment = payment.ok_or(CashierError::UnknownPayment)?;
        let reference = payment.provider_reference.as_deref().ok_or(CashierError::NotBegun)?;
        let told = self.gateway(payment.provider)?.retrieve_payment(reference).await;
        self.settle(payment.id, told.map_err(refused)?.fact).await
    }

    /// Where `reference` of `provider`'s is in its dashboard, for people who have an account there.
    pub fn dashboard_url(&self, provider: Provider, reference: &str) -> Option<String> {
        self.gateways.get(provider)?.refunds()?.dashboard_url(reference)
    }

    fn gateway(&self, provider: Provider) -> Result<&Arc<dyn Gateway>, CashierError> {
        self.gateways.get(provider).ok_or(CashierError::NotSetUp(provider))
    }
}

/// A provider's refusal is the caller's to mend; anything else is a matter of time.
fn refused(error: GatewayError) -> CashierError {
    match error {
        GatewayError::Api { status: 402, code, decline_code, .. } => CashierError::Declined {
            code: code.unwrap_or_else(|| "card_declined".to_owned()),
            decline_code,
        },
        error if error.is_transient() => CashierError::Unavailable(error),
        error => CashierError::Refused(error),
    }
}
