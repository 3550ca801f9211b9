use std::net::{IpAddr, Ipv6Addr};

use crate::{Error, vault::Vault};

/// Longest name of a device.
const DEVICE: usize = 128;

/// Where somebody who buys comes from.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Visit {
    address: Option<IpAddr>,
    device: Option<String>,
}

impl std::fmt::Debug for Visit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Visit").finish_non_exhaustive()
    }
}

impl Visit {
    /// Somebody at `address`, on a device that the host application calls `device`.
    ///
    /// An address inside a network of our own says nothing about anybody: it is a proxy's, or the
    /// host application's.
    pub fn new(address: IpAddr, device: Option<&str>) -> Result<Self, Error> {
        let device = device.map(str::trim).filter(|device| !device.is_empty());
        if device.is_some_and(|device| device.len() > DEVICE) {
            return Err(Error::Invalid("a device's name has 1 to 128 bytes"));
        }
        let address = address.to_canonical();
        let address = (!is_inside(address)).then_some(address);
        Ok(Self { address, device: device.map(str::to_owned) })
    }

    /// The address as it is stored, sealed: whole for IPv4, the network of 64 bits for IPv6, since
    /// whoever has one of its addresses has all of them.
    pub(crate) fn network(&self) -> Option<String> {
        self.address.map(|address| match address {
            IpAddr::V4(address) => format!("{address}/32"),
            IpAddr::V6(address) => {
                let network = u128::from(address) & (u128::MAX << 64);
                format!("{}/64", Ipv6Addr::from(network))
            }
        })
    }

    /// The address as 32 hexadecimal digits of IPv6, to be compared with ranges.
    pub(crate) fn digits(&self) -> Option<String> {
        self.address.map(digits)
    }

    /// A keyed hash of [`Visit::network`].
    pub(crate) fn address_blind(&self, vault: &Vault) -> Option<String> {
        self.network().map(|network| vault.blind("payments.address", &network))
    }

    /// A keyed hash of the device's name.
    pub(crate) fn device_blind(&self, vault: &Vault) -> Option<String> {
        self.device.as_ref().map(|device| vault.blind("payments.device", device))
    }
}

/// `address` as 32 hexadecimal digits of IPv6: texts compare as addresses do.
pub(crate) fn digits(address: IpAddr) -> String {
    let address = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    format!("{:032x}", u128::from(address))
}

/// Whether `address` is of no network that strangers are in.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified()
        }
        IpAddr::V6(address) => {
            address.is_loopback()
                || address.is_unspecified()
                || address.is_unique_local()
                || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(address: &str) -> Visit {
        Visit::new(address.parse().unwrap(), None).unwrap()
    }

    #[test]
    fn an_address_of_ipv6_stands_for_its_network() {
        assert_eq!(visit("203.0.113.9").network().unwrap(), "203.0.113.9/32");
        assert_eq!(visit("2001:db8:1:2:3:4:5:6").network().unwrap(), "2001:db8:1:2::/64");
        assert_eq!(visit("::ffff:203.0.113.9").network().unwrap(), "203.0.113.9/32");
    }

    #[test]
    fn our_own_networks_say_nothing() {
        for inside in ["127.0.0.1", "10.1.2.3", "192.168.0.1", "::1", "fd00::1", "fe80::1"] {
            assert_eq!(visit(inside), Visit::default(), "{inside}");
        }
    }

    #[test]
    fn digits_are_in_the_order_of_addresses() {
        let addresses = ["9.255.255.255", "10.0.0.0", "10.0.0.255", "10.0.1.0", "2001:db8::"];
        let digits: Vec<String> =
            addresses.iter().map(|address| digits(address.parse().unwrap())).collect();
        assert!(digits.is_sorted() && digits.iter().all(|digits| digits.len() == 32));
    }
}
