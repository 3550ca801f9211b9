//! Who moves the money.

use std::{fmt, str::FromStr};

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// A payment provider.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// Stripe.
    #[sea_orm(string_value = "stripe")]
    Stripe,
    /// PayPal.
    #[sea_orm(string_value = "paypal")]
    Paypal,
}

impl Provider {
    /// The provider's name in URLs, rows and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "stripe",
            Self::Paypal => "paypal",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "stripe" => Ok(Self::Stripe),
            "paypal" => Ok(Self::Paypal),
            other => Err(format!("{other:?} is not a provider; use stripe or paypal")),
        }
    }
}
