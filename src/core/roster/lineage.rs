//! A forest that only grows: who stands below whom, asked in logarithmic time however deep it is.
//!
//! Twice over the same certificates: along each device's own chain (`prev`), and along the grants that were acted
//! under (`auth`). Each place remembers the one above and one much further up (skew-binary jumps), so that a line of
//! a hundred thousand is climbed in some thirty steps, and never by recursion.

/// A certificate's number, in the order of arrival: ancestors come first.
pub(super) type Ix = u32;

#[derive(Debug, Clone, Default)]
pub(super) struct Lineage {
    above: Vec<Ix>,
    jump: Vec<Ix>,
    depth: Vec<u32>,
}

impl Lineage {
    /// The next number stands below `above`; below none, it is a root.
    pub(super) fn push(&mut self, above: Option<Ix>) {
        let next = Ix::try_from(self.above.len()).unwrap_or(Ix::MAX);
        let Some(above) = above else {
            self.above.push(next);
            self.jump.push(next);
            self.depth.push(0);
            return;
        };
        let (near, far) = (self.jump[above as usize], self.jump[self.jump[above as usize] as usize]);
        let even = self.depth(above) - self.depth(near) == self.depth(near) - self.depth(far);
        self.jump.push(if even { far } else { above });
        self.depth.push(self.depth(above) + 1);
        self.above.push(above);
    }

    /// Forgets the last one.
    pub(super) fn pop(&mut self) {
        self.above.pop();
        self.jump.pop();
        self.depth.pop();
    }

    /// What stands right above; none above a root.
    pub(super) fn above(&self, ix: Ix) -> Option<Ix> {
        Some(self.above[ix as usize]).filter(|above| *above != ix)
    }

    /// How many stand above.
    pub(super) fn depth(&self, ix: Ix) -> u32 {
        self.depth[ix as usize]
    }

    /// Whether `upper` is `lower` or stands above it.
    pub(super) fn leads(&self, upper: Ix, lower: Ix) -> bool {
        let (mut at, wanted) = (lower, self.depth(upper));
        while self.depth(at) > wanted {
            let far = self.jump[at as usize];
            at = if self.depth(far) >= wanted { far } else { self.above[at as usize] };
        }
        at == upper
    }

    /// Where two different ones of equal depth in one tree part: the highest that differ on the way up.
    pub(super) fn parting(&self, one: Ix, other: Ix) -> (Ix, Ix) {
        let (mut one, mut other) = (one, other);
        while self.above[one as usize] != self.above[other as usize] {
            let far = (self.jump[one as usize], self.jump[other as usize]);
            (one, other) =
                if far.0 == far.1 { (self.above[one as usize], self.above[other as usize]) } else { far };
        }
        (one, other)
    }
}
