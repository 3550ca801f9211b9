//! Stripe's customers and what it keeps for them.

use async_trait::async_trait;
use entities::fact::KeptMethod;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::{
    Stripe,
    form::{Form, Pairs, post, read},
    requests::check_reference,
    saved::Saved,
};
use crate::{GatewayError, NewCustomer, Setup, Unreadable, Wallet};

/// Pages of methods that are read of one customer. Nobody has a thousand cards; a loop has no end.
const PAGES: usize = 10;

#[derive(Deserialize)]
struct Named {
    id: String,
}

#[derive(Deserialize)]
struct WithSecret {
    #[serde(default)]
    id: Option<String>,
    client_secret: String,
}

#[derive(Deserialize)]
struct Page {
    data: Vec<Saved>,
    has_more: bool,
}

#[async_trait]
impl Wallet for Stripe {
    async fn create_customer(&self, customer: &NewCustomer) -> Result<String, GatewayError> {
        let id = customer.customer_id.to_string();
        let mut form: Form<'_> = vec![("metadata[customer_id]", &id)];
        if let Some(email) = &customer.email {
            form.push(("email", email.expose_secret()));
        }
        let request = post("/customers", &form);
        let answer = self.transport.call(&request, Some(&format!("cus-{id}"))).await?;
        Ok(read::<Named>(&answer)?.id)
    }

    async fn begin_setup(&self, customer: &str, key: &str) -> Result<Setup, GatewayError> {
        let form = vec![
            ("customer", customer),
            ("usage", "off_session"),
            ("automatic_payment_methods[enabled]", "true"),
            ("automatic_payment_methods[allow_redirects]", "never"),
        ];
        let answer = self.transport.call(&post("/setup_intents", &form), Some(key)).await?;
        let made: WithSecret = read(&answer)?;
        let reference = made.id.ok_or(Unreadable::new("the setup intent has no id"));
        Ok(Setup {
            reference: reference.map_err(GatewayError::Shape)?,
            client_secret: made.client_secret.into(),
        })
    }

    async fn browser_session(&self, customer: &str) -> Result<SecretString, GatewayError> {
        const ELEMENT: &str = "components[payment_element][enabled]";
        const SHOW: &str = "components[payment_element][features][payment_method_redisplay]";
        const SAVE: &str = "components[payment_element][features][payment_method_save]";
        const USAGE: &str = "components[payment_element][features][payment_method_save_usage]";
        let form = vec![
            ("customer", customer),
            (ELEMENT, "true"),
            (SHOW, "enabled"),
            (SAVE, "enabled"),
            (USAGE, "off_session"),
        ];
        // A session is short-lived and moves nothing: a second one does no harm.
        let key = format!("cuss-{:032x}", rand::random::<u128>());
        let answer = self.transport.call(&post("/customer_sessions", &form), Some(&key)).await?;
        Ok(read::<WithSecret>(&answer)?.client_secret.into())
    }

    async fn list_methods(&self, customer: &str) -> Result<Vec<KeptMethod>, GatewayError> {
        check_reference(customer)?;
        let path = format!("/customers/{customer}/payment_methods");
        let (mut kept, mut after) = (Vec::new(), None::<String>);
        for _ in 0..PAGES {
            let mut query = vec![("limit", "100")];
            if let Some(after) = &after {
                query.push(("starting_after", after));
            }
            let request =
                RequestBuilder::new(StripeMethod::Get, path.as_str()).query(&Pairs(&query));
            let answer = match self.transport.call(&request, None).await {
                Ok(answer) => answer,
                // Deleted at Stripe, and with it everything that was kept.
                Err(GatewayError::Api { status: 404, .. }) => return Ok(Vec::new()),
                Err(error) => return Err(error),
            };
            let page: Page = read(&answer)?;
            after = page.data.last().filter(|_| page.has_more).map(|last| last.id.clone());
            kept.extend(page.data.into_iter().map(Saved::into_kept));
            if after.is_none() {
                break;
            }
        }
        Ok(kept)
    }

    async fn keep_method(&self, customer: &str, token: &str) -> Result<KeptMethod, GatewayError> {
        check_reference(token)?;
        let request = post(&format!("/payment_methods/{token}/attach"), &[("customer", customer)]);
        let key = format!("attach-{customer}-{token}");
        let answer = self.transport.call(&request, Some(&key)).await?;
        Ok(read::<Saved>(&answer)?.into_kept())
    }

    async fn forget_method(&self, token: &str) -> Result<(), GatewayError> {
        check_reference(token)?;
        let request = post(&format!("/payment_methods/{token}/detach"), &[]);
        match self.transport.call(&request, Some(&format!("detach-{token}"))).await {
            Err(error) if !is_gone(&error) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

/// Whether a method is not there, or not attached: either way nothing is kept.
fn is_gone(error: &GatewayError) -> bool {
    match error {
        GatewayError::Api { status: 404, .. } => true,
        GatewayError::Api { status: 400, code, .. } => {
            code.as_deref() == Some("payment_method_unexpected_state")
        }
        _ => false,
    }
}
