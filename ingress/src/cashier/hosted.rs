//! Payments that are made on a page of the provider's.

use entities::{PaymentId, Provider, payment};
use gateways::{Funding, Gateway, Hosted, ReturnTo};
use payments::{customers::User, fraud::Visit, hosted};

use super::{Approval, Cashier, CashierError, Confirmed, How, refused};

impl Cashier {
    /// Begins a payment of `user` for package `package_id` on a page of the provider's, from which
    /// they come back as `return_to` says of the payment; the method is saved once it has paid, if
    /// `keep`.
    ///
    /// Our row is first and names itself to the provider: if we die in between, the provider's
    /// webhook finds it.
    pub async fn begin_hosted(
        &self,
        from: (&User, &Visit),
        package_id: &str,
        keep: bool,
        provider: Provider,
        return_to: impl FnOnce(PaymentId) -> ReturnTo + Send,
    ) -> Result<Approval, CashierError> {
        let gateway = self.gateway(provider)?.as_ref();
        let pages = pages(gateway)?;
        let how = How { payment_method: None, keep, return_to: None, funding: Funding::Wallet };
        let (payment, mut order) = self.order(from, package_id, provider, how).await?;
        order.return_to = Some(return_to(payment.id));
        let page = pages.open_page(&order).await.map_err(refused)?;
        hosted::note(&self.store, payment.id, &page.reference).await?;
        Ok(Approval {
            payment_id: payment.id,
            reference: page.reference,
            url: page.url,
            price: payment.price(),
        })
    }

    /// Brings a payment whose name at the provider we have not heard yet to what its page says.
    pub(super) async fn bring_hosted(
        &self,
        gateway: &dyn Gateway,
        payment: &payment::Model,
    ) -> Result<Confirmed, CashierError> {
        let page = hosted::page(&self.store, payment.id).await?.ok_or(CashierError::NotBegun)?;
        let state = pages(gateway)?.look_at_page(&page).await.map_err(refused)?;
        let Some(mut told) = state.payment else {
            return match state.url {
                Some(url) => Err(CashierError::RequiresAction { url: Some(url) }),
                None => Err(CashierError::Canceled),
            };
        };
        told.next_action_url = told.next_action_url.or(state.url);
        let now = self.settle(payment.id, told.fact.clone()).await?;
        self.answer(&now, &told).await
    }

    /// Where the payer of `payment` goes on with it on the provider's page.
    pub(super) async fn hosted_url(
        &self,
        gateway: &dyn Gateway,
        payment: &payment::Model,
    ) -> Result<Option<String>, CashierError> {
        let Some(page) = hosted::page(&self.store, payment.id).await? else { return Ok(None) };
        Ok(pages(gateway)?.look_at_page(&page).await.map_err(refused)?.url)
    }
}

fn pages(gateway: &dyn Gateway) -> Result<&dyn Hosted, CashierError> {
    gateway.hosted().ok_or(CashierError::NotSetUp(gateway.provider()))
}
