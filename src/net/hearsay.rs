//! Addresses that others named for somebody: so many and no more, and whoever names many doesn't push out what another
//! has named.

use std::net::IpAddr;

use crate::core::primitives::address::Address;

/// At most `MOST` addresses, the latest last.
#[derive(Debug, Default)]
pub(super) struct Hearsay<const MOST: usize>(Vec<Address>);

impl<const MOST: usize> Hearsay<MOST> {
    /// Somebody names an address; whether that is news. Where there are too many, one goes of the machine that has most:
    /// its oldest.
    pub(super) fn learn(&mut self, address: Address) -> bool {
        if self.0.contains(&address) {
            return false;
        }
        self.0.push(address);
        if self.0.len() > MOST {
            let of = |ip: Option<IpAddr>| self.0.iter().filter(|one| one.ip() == ip).count();
            let most = self.0.iter().map(|one| of(one.ip())).max();
            let at = self.0.iter().position(|one| Some(of(one.ip())) == most);
            at.map(|at| self.0.remove(at));
        }
        true
    }

    pub(super) fn all(&self) -> &[Address] {
        &self.0
    }
}
