use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections there are from each address.
pub(super) struct Addresses {
    each_max: usize,
    connections: Mutex<BTreeMap<IpAddr, usize>>,
}

/// A connection that counts. It counts no more when this is dropped.
pub(super) struct Counted {
    addresses: Arc<Addresses>,
    from: IpAddr,
}

impl Addresses {
    pub(super) fn new(each_max: usize) -> Arc<Self> {
        Arc::new(Self { each_max, connections: Mutex::default() })
    }

    fn connections(&self) -> MutexGuard<'_, BTreeMap<IpAddr, usize>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more connection. None where the address has as many as one may have.
    pub(super) fn count(self: &Arc<Self>, address: IpAddr) -> Option<Counted> {
        let from = network(address);
        let mut connections = self.connections();
        let count = connections.entry(from).or_default();
        if *count >= self.each_max {
            return None;
        }
        *count = count.saturating_add(1);
        Some(Counted { addresses: Arc::clone(self), from })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connections = self.addresses.connections();
        if let Some(count) = connections.get_mut(&self.from) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                connections.remove(&self.from);
            }
        }
    }
}

/// The part of an address that counts as one: of IPv6 the first 64 bits, since a host gets all of
/// the addresses below them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let prefix = u128::from(address) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_connections_and_another_its_own() {
        let addresses = Addresses::new(2);
        let count = |text: &str| addresses.count(text.parse().unwrap());
        let held = [count("192.0.2.1"), count("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(count("192.0.2.1").is_none());
        assert!(count("192.0.2.2").is_some());
        drop(held);
        assert!(count("192.0.2.1").is_some());
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let addresses = Addresses::new(1);
        let count = |text: &str| addresses.count(text.parse().unwrap());
        let _held = count("2001:db8::1").unwrap();
        assert!(count("2001:db8::2:3").is_none());
        assert!(count("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn an_address_without_readers_takes_no_memory() {
        let addresses = Addresses::new(1);
        drop(addresses.count("192.0.2.1".parse().unwrap()));
        assert!(addresses.connections().is_empty());
    }
}
