//! Minor units, which providers count differently.

/// `minor` units with `from` decimals in units with `to` decimals, if they can express it.
///
/// Never rounds: a fraction of a minor unit is somebody's money.
pub(crate) fn rescale(minor: i64, from: u16, to: u16) -> Option<i64> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if to >= from {
        minor.checked_mul(factor)
    } else {
        (minor % factor == 0).then(|| minor / factor)
    }
}
