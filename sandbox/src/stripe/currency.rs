//! Currencies and the smallest amounts.

use crate::api::{error::ApiError, params::Params};

/// Every currency that Stripe charges in.
const CURRENCIES: &str = "usd, aed, afn, all, amd, ang, aoa, ars, aud, awg, azn, bam, bbd, bdt, \
    bgn, bhd, bif, bmd, bnd, bob, brl, bsd, bwp, byn, bzd, cad, cdf, chf, clp, cny, cop, crc, \
    cve, czk, djf, dkk, dop, dzd, egp, etb, eur, fjd, fkp, gbp, gel, gip, gmd, gnf, gtq, gyd, \
    hkd, hnl, htg, huf, idr, ils, inr, isk, jmd, jod, jpy, kes, kgs, khr, kmf, krw, kwd, kyd, \
    kzt, lak, lbp, lkr, lrd, lsl, mad, mdl, mga, mkd, mmk, mnt, mop, mur, mvr, mwk, mxn, myr, \
    mzn, nad, ngn, nio, nok, npr, nzd, omr, pab, pen, pgk, php, pkr, pln, pyg, qar, ron, rsd, \
    rub, rwf, sar, sbd, scr, sek, sgd, shp, sle, sos, srd, std, szl, thb, tjs, tnd, top, try, \
    ttd, twd, tzs, uah, ugx, uyu, uzs, vnd, vuv, wst, xaf, xcd, xof, xpf, yer, zar, zmw";

/// Most that one payment may be: eight digits, as at Stripe.
const MAX_AMOUNT: i64 = 99_999_999;

/// Reads `currency`.
pub(crate) fn read(params: &Params) -> Result<Option<String>, ApiError> {
    let Some(sent) = params.filled("currency")? else { return Ok(None) };
    let currency = sent.to_lowercase();
    if currency.len() == 3 && CURRENCIES.split(", ").any(|known| known == currency) {
        return Ok(Some(currency));
    }
    let message = format!(
        "Invalid currency: {sent}. Stripe currently supports these currencies: {CURRENCIES}"
    );
    Err(ApiError::invalid(message).param("currency"))
}

/// Refuses an `amount` that Stripe would not charge.
pub(crate) fn check_amount(amount: i64, currency: &str) -> Result<(), ApiError> {
    if amount < 1 {
        return Err(ApiError::invalid("This value must be greater than or equal to 1.")
            .code("parameter_invalid_integer")
            .param("amount"));
    }
    if amount < minimum(currency) {
        let message = format!("Amount must be at least {}", written(minimum(currency), currency));
        return Err(ApiError::invalid(message).code("amount_too_small").param("amount"));
    }
    if amount > MAX_AMOUNT {
        let message = format!("Amount must be no more than {}", written(MAX_AMOUNT, currency));
        return Err(ApiError::invalid(message).code("amount_too_large").param("amount"));
    }
    Ok(())
}

/// The smallest amount, in minor units.
fn minimum(currency: &str) -> i64 {
    match currency {
        "aed" | "pln" | "ron" | "myr" => 200,
        "bgn" => 100,
        "czk" => 1_500,
        "dkk" => 250,
        "gbp" => 30,
        "hkd" => 400,
        "huf" => 17_500,
        "mxn" | "thb" => 1_000,
        "nok" | "sek" => 300,
        _ => 50,
    }
}

/// How many decimals Stripe gives a currency.
fn decimals(currency: &str) -> usize {
    match currency {
        "bif" | "clp" | "djf" | "gnf" | "jpy" | "kmf" | "krw" | "mga" | "pyg" | "rwf" | "ugx"
        | "vnd" | "vuv" | "xaf" | "xof" | "xpf" => 0,
        "bhd" | "jod" | "kwd" | "omr" | "tnd" => 3,
        _ => 2,
    }
}

/// `amount` as a person reads it: `$0.50`, and with its code where the sign alone says too little.
pub(crate) fn written(amount: i64, currency: &str) -> String {
    let digits = format!("{amount:0width$}", width = decimals(currency) + 1);
    let (whole, part) = digits.split_at(digits.len() - decimals(currency));
    let point = if part.is_empty() { "" } else { "." };
    match currency {
        "usd" => format!("${whole}{point}{part}"),
        "eur" => format!("€{whole}{point}{part}"),
        "gbp" => format!("£{whole}{point}{part}"),
        "jpy" => format!("¥{whole}{point}{part}"),
        code => format!("{whole}{point}{part} {}", code.to_uppercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_with_the_decimals_of_their_currency() {
        assert_eq!(written(50, "usd"), "$0.50");
        assert_eq!(written(50, "jpy"), "¥50");
        assert_eq!(written(12_345, "kwd"), "12.345 KWD");
    }
}
