//! MuJoCo's soft contact of one sphere with the surfaces around it, frictionless.
//!
//! A contact adds the cost `D/2 * min(0, n.a - aref)^2` to the free motion's `m/2 * |a - a0|^2`; the
//! acceleration that minimises the sum is the constrained one (solver `Newton`, cone irrelevant at
//! condim 1). Constants: solref (0.02, 1), solimp (0.9, 0.95, 0.001, 0.5, 2), margin 0.002 m.

use crate::geometry::Point;
use crate::world::map::{Map, Surface};

/// Which MuJoCo the contacts follow; the two families differ by up to 1.3 m after a corner hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContactLaw {
    /// MuJoCo 2.3.1, the oldest that installs; D4RL's data were made with 2.0.
    #[default]
    Mujoco2,
    /// MuJoCo 3.8.1 and later: margins add up, and the sphere's inverse weight is 1/m.
    Mujoco3,
}

/// A frictionless sphere on its contacts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sphere {
    pub(super) radius_m: f64,
    pub(super) mass_kg: f64,
    pub(super) law: ContactLaw,
}

impl Sphere {
    fn inverse_weight(&self) -> f64 {
        match self.law {
            ContactLaw::Mujoco2 => 2.0 / (3.0 * self.mass_kg),
            ContactLaw::Mujoco3 => 1.0 / self.mass_kg,
        }
    }

    fn margin_m(&self) -> f64 {
        match self.law {
            ContactLaw::Mujoco2 => MARGIN_M,
            ContactLaw::Mujoco3 => 2.0 * MARGIN_M,
        }
    }
}

/// Margin at which a contact appears, metres.
const MARGIN_M: f64 = 0.002;
const IMPEDANCE_LOW: f64 = 0.9;
const IMPEDANCE_HIGH: f64 = 0.95;
const IMPEDANCE_WIDTH_M: f64 = 0.001;
const TIME_CONSTANT_SECS: f64 = 0.02;
/// Reference damping and stiffness that solref and solimp imply.
const DAMPING: f64 = 2.0 / (IMPEDANCE_HIGH * TIME_CONSTANT_SECS);
const STIFFNESS: f64 = 1.0 / (IMPEDANCE_HIGH * IMPEDANCE_HIGH * TIME_CONSTANT_SECS * TIME_CONSTANT_SECS);
/// A sphere of 0.1 m radius meets at most four 1 m boxes.
const MAX_CONTACTS: usize = 4;
/// The active set settles in three or four passes; the rest is a bound, not an expectation.
const MAX_PASSES: usize = 12;

#[derive(Clone, Copy, Default)]
struct Contact {
    normal: Point,
    reference_acceleration: f64,
    weight: f64,
}

/// The contacts of one step, on the stack.
#[derive(Clone, Copy, Default)]
pub(super) struct Contacts {
    items: [Contact; MAX_CONTACTS],
    count: usize,
}

impl Contacts {
    /// All contacts of the sphere at `position` with velocity `velocity`.
    pub(super) fn find(map: &dyn Map, sphere: &Sphere, position: Point, velocity: Point) -> Self {
        let mut contacts = Self::default();
        map.visit_surfaces(position, &mut |surface| contacts.add(surface, sphere, velocity));
        contacts
    }

    fn add(&mut self, surface: Surface, sphere: &Sphere, velocity: Point) {
        let margin = sphere.margin_m();
        let Surface { normal, distance_m } = surface;
        let gap = distance_m - sphere.radius_m;
        if gap > margin || self.count == MAX_CONTACTS {
            return;
        }
        let violation = gap - margin;
        let impedance = impedance(violation.abs());
        let normal_velocity = normal[0] * velocity[0] + normal[1] * velocity[1];
        self.items[self.count] = Contact {
            normal,
            reference_acceleration: -DAMPING * normal_velocity - STIFFNESS * impedance * violation,
            weight: impedance / ((1.0 - impedance) * sphere.inverse_weight()),
        };
        self.count += 1;
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The constrained acceleration and how many contacts push.
    pub(super) fn solve(&self, sphere: &Sphere, free_acceleration: Point) -> (Point, usize) {
        let mass_kg = sphere.mass_kg;
        let contacts = &self.items[..self.count];
        let mut acceleration = free_acceleration;
        let mut active = usize::MAX;
        for _ in 0..MAX_PASSES {
            let pushing = Self::pushing(contacts, acceleration);
            if pushing == active {
                break;
            }
            active = pushing;
            // Normal equations of the quadratic piece on which `acceleration` lies.
            let (mut xx, mut xy, mut yy) = (mass_kg, 0.0, mass_kg);
            let mut right = [mass_kg * free_acceleration[0], mass_kg * free_acceleration[1]];
            for (index, contact) in contacts.iter().enumerate() {
                if active & (1 << index) == 0 {
                    continue;
                }
                let [nx, ny] = contact.normal;
                xx += contact.weight * nx * nx;
                xy += contact.weight * nx * ny;
                yy += contact.weight * ny * ny;
                right[0] += contact.weight * contact.reference_acceleration * nx;
                right[1] += contact.weight * contact.reference_acceleration * ny;
            }
            let determinant = xx * yy - xy * xy;
            acceleration =
                [(yy * right[0] - xy * right[1]) / determinant, (xx * right[1] - xy * right[0]) / determinant];
        }
        (acceleration, active.count_ones() as usize)
    }

    fn pushing(contacts: &[Contact], acceleration: Point) -> usize {
        contacts.iter().enumerate().fold(0, |set, (index, contact)| {
            let along = contact.normal[0] * acceleration[0] + contact.normal[1] * acceleration[1];
            if along < contact.reference_acceleration { set | (1 << index) } else { set }
        })
    }
}

/// MuJoCo's impedance curve at a violation of `depth_m`.
fn impedance(depth_m: f64) -> f64 {
    let x = (depth_m / IMPEDANCE_WIDTH_M).min(1.0);
    let y = if x <= 0.5 { 2.0 * x * x } else { 1.0 - 2.0 * (1.0 - x) * (1.0 - x) };
    IMPEDANCE_LOW + (IMPEDANCE_HIGH - IMPEDANCE_LOW) * y
}
