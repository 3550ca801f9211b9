//! Cards as they are typed.

use super::{
    Work,
    cards::{self, Card},
    metadata::{self, Metadata},
    methods::Method,
    outcome::card_error,
};
use crate::{
    api::{error::ApiError, params::Params},
    ids,
};

/// The types of payment methods that the sandbox knows.
pub(crate) const TYPES: [&str; 2] = ["card", "us_bank_account"];

impl Work<'_> {
    /// An unused method with this card.
    pub(crate) fn new_method(&self, card: &'static Card) -> Method {
        Method {
            id: ids::random("pm_1", 23),
            created: self.now,
            customer: None,
            spent: false,
            card,
            wallet: None,
            exp_month: 12,
            exp_year: self.year() + 3,
            billing_details: metadata::billing_details(&Params::default()).unwrap_or_default(),
            allow_redisplay: "unspecified".to_owned(),
            metadata: Metadata::new(),
        }
    }

    /// Makes the method that `params` describe.
    pub(crate) fn read_method(&self, params: &Params) -> Result<Method, ApiError> {
        let kind = params.required("type")?;
        if !TYPES.contains(&kind) {
            let message = format!(
                "The sandbox knows no payment method of type '{kind}', only {}.",
                TYPES.join(" and ")
            );
            return Err(ApiError::invalid(message).param(&params.full_name("type")));
        }
        if kind == "us_bank_account" {
            return self.read_bank(params);
        }
        let card =
            params.map("card")?.ok_or_else(|| ApiError::missing(&params.full_name("card")))?;
        card.only(&["number", "exp_month", "exp_year", "cvc", "token"])?;
        let mut method = match card.filled("token")? {
            Some(token) => self
                .tokened_method(token)
                .ok_or_else(|| ApiError::no_such("token", token, &card.full_name("token")))?,
            None => self.read_card(&card)?,
        };
        method.billing_details = metadata::billing_details(params)?;
        metadata::patch(&mut method.metadata, params)?;
        if let Some(allow) = redisplay(params)? {
            method.allow_redisplay = allow;
        }
        Ok(method)
    }

    /// An unused method with the card that `token` stands for.
    fn tokened_method(&self, token: &str) -> Option<Method> {
        let (wallet, token) = Card::unwrapped(token);
        Some(Method { wallet, ..self.new_method(Card::tokened(&token)?) })
    }

    fn read_bank(&self, params: &Params) -> Result<Method, ApiError> {
        let name = params.full_name("us_bank_account");
        let account = params.map("us_bank_account")?.ok_or_else(|| ApiError::missing(&name))?;
        account.only(&[
            "account_holder_type",
            "account_number",
            "account_type",
            "routing_number",
        ])?;
        account.required("routing_number")?;
        let number = account.required("account_number")?;
        let known = Card::numbered(number).filter(|known| known.is_bank());
        let mut method = self.new_method(known.ok_or_else(|| {
            ApiError::invalid("You must use a test bank account number in test mode.")
                .code("account_number_invalid")
                .param(&account.full_name("account_number"))
        })?);
        method.billing_details = metadata::billing_details(params)?;
        metadata::patch(&mut method.metadata, params)?;
        Ok(method)
    }

    fn read_card(&self, params: &Params) -> Result<Method, ApiError> {
        let number: String =
            params.required("number")?.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        let card = match Card::numbered(&number).filter(|card| !card.is_bank()) {
            Some(card) => card,
            None if cards::luhn(&number) => return Err(card_error(&cards::NOT_A_TEST_CARD)),
            None => {
                let error = ApiError::new(402, "card_error", "Your card number is incorrect.");
                return Err(error.code("incorrect_number").param("number"));
            }
        };
        let mut method = self.new_method(card);
        method.exp_month = params.integer("exp_month")?.unwrap_or(method.exp_month);
        method.exp_year = match params.integer("exp_year")? {
            Some(year @ 0..100) => 2_000 + year,
            year => year.unwrap_or(method.exp_year),
        };
        self.check_expiry(method.exp_month, method.exp_year)?;
        if let Some(cvc) = params.filled("cvc")?
            && !((3..=4).contains(&cvc.len()) && cvc.bytes().all(|b| b.is_ascii_digit()))
        {
            let message = "Your card's security code is invalid.";
            return Err(ApiError::new(402, "card_error", message).code("invalid_cvc").param("cvc"));
        }
        Ok(method)
    }

    /// Refuses a card that has expired, or never will.
    pub(crate) fn check_expiry(&self, month: i64, year: i64) -> Result<(), ApiError> {
        let (what, code, param) = if !(1..=12).contains(&month) {
            ("month", "invalid_expiry_month", "exp_month")
        } else if !(self.year()..self.year() + 50).contains(&year) {
            ("year", "invalid_expiry_year", "exp_year")
        } else {
            return Ok(());
        };
        let message = format!("Your card's expiration {what} is invalid.");
        Err(ApiError::new(402, "card_error", message).code(code).param(param))
    }

    fn year(&self) -> i64 {
        let now = time::OffsetDateTime::from_unix_timestamp(self.now);
        now.map_or(1970, |now| i64::from(now.year()))
    }
}

/// Reads `allow_redisplay`.
pub(crate) fn redisplay(params: &Params) -> Result<Option<String>, ApiError> {
    let choices = ["always", "limited", "unspecified"];
    Ok(params.choice("allow_redisplay", &choices)?.map(str::to_owned))
}
