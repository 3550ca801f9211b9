/// Tax that a price includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tax {
    /// The price without it, in minor units.
    pub net: i64,
    /// The tax, in minor units.
    pub tax: i64,
}

/// The tax that `gross` minor units include at a rate of `basis_points` (1900 is 19 %), rounded
/// half up; net and tax always sum to the price.
pub fn included(gross: i64, basis_points: u32) -> Tax {
    let (gross, rate) = (i128::from(gross), i128::from(basis_points));
    let whole = 10_000 + rate;
    let tax = (2 * gross * rate + whole).div_euclid(2 * whole);
    let tax = i64::try_from(tax).expect("a tax is less than its price");
    let gross = i64::try_from(gross).expect("it was one");
    Tax { net: gross - tax, tax }
}

#[cfg(test)]
mod tests {
    use super::*;

    // AC9.4.3
    #[test]
    fn net_and_tax_sum_to_the_price() {
        assert_eq!(included(11_900, 1_900), Tax { net: 10_000, tax: 1_900 });
        assert_eq!(included(16_000, 0), Tax { net: 16_000, tax: 0 });
        assert_eq!(included(999, 2_000), Tax { net: 832, tax: 167 });
        for gross in 1..2_000 {
            for rate in [0, 1, 550, 770, 1_900, 2_500] {
                let Tax { net, tax } = included(gross, rate);
                assert_eq!(net + tax, gross);
                assert!(tax >= 0 && net > 0);
            }
        }
    }
}
