//! Saved methods, spending, and the end of an account.

use entities::{MethodId, PaymentId, Provider, customer, payment_method};
use gateways::{Gateway, NewCustomer, Wallet};
use jobs::{Enqueued, Job, ResendReceipt};
use payments::{
    account,
    customers::{self, User},
    history,
    ledger::{self, Spent},
    methods, provider_customers,
};
use secrecy::SecretString;

use super::{Cashier, CashierError, refused};

/// What lets a payer's browser save a method, and show those that are saved.
#[derive(Debug)]
pub struct BegunSetup {
    /// For the setup of a new method.
    pub client_secret: SecretString,
    /// For showing what is saved; it holds for minutes.
    pub session: SecretString,
}

/// Credits that were taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpentCredits {
    /// Whether this very call took them, and not an earlier one.
    pub first_time: bool,
    /// What is left.
    pub balance: i64,
}

/// Who keeps methods; PayPal's are kept by PayPal's own page.
const KEEPER: Provider = Provider::Stripe;

impl Cashier {
    /// The methods that `user` saved, newest first.
    pub async fn methods(&self, user: &User) -> Result<Vec<payment_method::Model>, CashierError> {
        let gateway = self.gateway(KEEPER)?;
        Ok(methods::list(&self.store, &user.user_ref, gateway.livemode()).await?)
    }

    /// Begins to save a method of `user` without a payment.
    pub async fn begin_setup(&self, user: &User) -> Result<BegunSetup, CashierError> {
        let (_, wallet) = self.keeper()?;
        let customer = customers::ensure(&self.store, user).await?;
        let customer = self.customer_at(KEEPER, (&customer, user)).await?;
        // Each is a new form; one that nobody fills in is given up by Stripe.
        let key = format!("seti-{}", entities::JobId::new());
        let setup = wallet.begin_setup(&customer, &key).await.map_err(refused)?;
        let session = wallet.browser_session(&customer).await.map_err(refused)?;
        Ok(BegunSetup { client_secret: setup.client_secret, session })
    }

    /// What lets the browser of `user` show and choose among what they saved.
    pub async fn browser_session(&self, user: &User) -> Result<SecretString, CashierError> {
        let (_, wallet) = self.keeper()?;
        let customer = customers::ensure(&self.store, user).await?;
        let customer = self.customer_at(KEEPER, (&customer, user)).await?;
        wallet.browser_session(&customer).await.map_err(refused)
    }

    /// Saves the method that the provider calls `token`.
    pub async fn keep_method(
        &self,
        user: &User,
        token: &str,
    ) -> Result<payment_method::Model, CashierError> {
        let (gateway, wallet) = self.keeper()?;
        let customer = customers::ensure(&self.store, user).await?;
        let reference = self.customer_at(KEEPER, (&customer, user)).await?;
        let kept = wallet.keep_method(&reference, token).await.map_err(refused)?;
        let livemode = gateway.livemode();
        Ok(methods::keep(&self.store, customer.id, KEEPER, livemode, &kept).await?)
    }

    /// Takes the saved method `id` off: at the provider first, so that one that is gone here cannot
    /// be charged there.
    pub async fn forget_method(&self, user: &User, id: MethodId) -> Result<(), CashierError> {
        let method = methods::find(&self.store, &user.user_ref, id).await?;
        let method = method.ok_or(CashierError::UnknownMethod)?;
        let wallet = self.gateway(method.provider)?.wallet();
        let wallet = wallet.ok_or(CashierError::NotSetUp(method.provider))?;
        let token = methods::token(&self.store, &method)?;
        wallet.forget_method(&token).await.map_err(refused)?;
        Ok(methods::detached(&self.store, method.id).await?)
    }

    /// Takes `credits` of `user`, once for each `reference`.
    pub async fn spend(
        &self,
        user: &User,
        credits: i64,
        reference: &str,
    ) -> Result<SpentCredits, CashierError> {
        let customer = customers::ensure(&self.store, user).await?;
        let spent = ledger::spend(&self.store, customer.id, credits, reference).await?;
        let balance = ledger::balance(&self.store, customer.id).await?;
        Ok(SpentCredits { first_time: spent == Spent::Taken, balance: balance.available })
    }

    /// Mails the receipt of the caller's payment `id` again; `false` if there is no address.
    pub async fn resend_receipt(&self, user: &User, id: PaymentId) -> Result<bool, CashierError> {
        let entry = history::find(&self.store, &user.user_ref, id).await?;
        let payment = entry.ok_or(CashierError::UnknownPayment)?.payment;
        if payment.succeeded_at.is_none() {
            return Err(CashierError::NoReceipt);
        }
        let customer = customers::find(&self.store, &user.user_ref).await?;
        if customer.is_none_or(|customer| customer.email.is_none()) {
            return Ok(false);
        }
        let now = self.store.clock.now();
        let job = ResendReceipt { payment_id: id, minute: now.seconds().div_euclid(60) };
        let txn = self.store.db.begin().await.map_err(payments::Error::from)?;
        let enqueued = job.enqueue(&txn, now).await.map_err(payments::Error::from)?;
        txn.commit().await.map_err(payments::Error::from)?;
        self.announce(enqueued);
        Ok(true)
    }

    /// Deletes the account of `user`: what is personal goes, what tax law needs stays.
    pub async fn close_account(&self, user: &User) -> Result<(), CashierError> {
        let enqueued = account::close(&self.store, &user.user_ref).await?;
        self.announce(enqueued);
        Ok(())
    }

    /// Wakes whoever does the jobs, whose transaction must have been committed.
    pub fn announce(&self, enqueued: impl IntoIterator<Item = Enqueued>) {
        self.dispatcher.announce(enqueued.into_iter().collect());
    }

    /// What `provider` calls `customer`, who is `user`; they are opened there if they are new.
    pub(super) async fn customer_at(
        &self,
        provider: Provider,
        (customer, user): (&customer::Model, &User),
    ) -> Result<String, CashierError> {
        let gateway = self.gateway(provider)?;
        let wallet = gateway.wallet().ok_or(CashierError::NotSetUp(provider))?;
        let (store, livemode) = (&self.store, gateway.livemode());
        let known = provider_customers::reference(store, customer.id, provider, livemode).await?;
        if let Some(reference) = known {
            return Ok(reference);
        }
        let email = user.email.clone().map(SecretString::from);
        let new = NewCustomer { customer_id: customer.id, email };
        let reference = wallet.create_customer(&new).await.map_err(refused)?;
        Ok(provider_customers::link(store, customer.id, provider, livemode, &reference).await?)
    }

    /// The provider's customer and token to charge, for what the payer chose: a token of the
    /// provider's, or the id of a method that they saved.
    pub(super) async fn resolve(
        &self,
        payer: (&customer::Model, &User),
        chosen: Option<&str>,
        keep: bool,
        provider: Provider,
    ) -> Result<(Option<String>, Option<String>), CashierError> {
        let Some(id) = chosen.and_then(|chosen| chosen.parse::<MethodId>().ok()) else {
            let customer = if keep { Some(self.customer_at(provider, payer).await?) } else { None };
            return Ok((customer, chosen.map(str::to_owned)));
        };
        let method = methods::find(&self.store, &payer.1.user_ref, id).await?;
        let method = method.filter(|method| method.provider == provider);
        let method = method.ok_or(CashierError::UnknownMethod)?;
        let customer = self.customer_at(provider, payer).await?;
        Ok((Some(customer), Some(methods::token(&self.store, &method)?)))
    }

    fn keeper(&self) -> Result<(&dyn Gateway, &dyn Wallet), CashierError> {
        let gateway = self.gateway(KEEPER)?.as_ref();
        Ok((gateway, gateway.wallet().ok_or(CashierError::NotSetUp(KEEPER))?))
    }
}
