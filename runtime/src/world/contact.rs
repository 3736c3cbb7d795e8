//! MuJoCo's soft contact for one sphere against axis-aligned boxes, frictionless.
//!
//! A contact adds the cost `D/2 * min(0, n.a - aref)^2` to the free motion's `m/2 * |a - a0|^2`; the
//! acceleration that minimises the sum is the constrained one (solver `Newton`, cone irrelevant at
//! condim 1). Constants: solref (0.02, 1), solimp (0.9, 0.95, 0.001, 0.5, 2), margin 0.002 m.

use super::point_mass::{ContactLaw, MASS_KG, Point, RADIUS_M};
use super::{Layout, WallBox};

/// Margin at which a contact appears, metres.
const MARGIN_M: f64 = 0.002;
const IMPEDANCE_LOW: f64 = 0.9;
const IMPEDANCE_HIGH: f64 = 0.95;
const IMPEDANCE_WIDTH_M: f64 = 0.001;
const TIME_CONSTANT_SECS: f64 = 0.02;
/// Reference damping and stiffness that solref and solimp imply.
const DAMPING: f64 = 2.0 / (IMPEDANCE_HIGH * TIME_CONSTANT_SECS);
const STIFFNESS: f64 = 1.0 / (IMPEDANCE_HIGH * IMPEDANCE_HIGH * TIME_CONSTANT_SECS * TIME_CONSTANT_SECS);
/// A ball of 0.1 m radius meets at most four 1 m boxes.
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
    /// All contacts of the ball at `position` with velocity `velocity`.
    pub(super) fn find(layout: &Layout, law: ContactLaw, position: Point, velocity: Point) -> Self {
        let mut contacts = Self::default();
        let (row, column) = Layout::cell_of(position);
        for i in row - 1..=row + 1 {
            for j in column - 1..=column + 1 {
                // Outside the grid there is no geometry; the border cells are walls by construction.
                let inside = i >= 0 && j >= 0 && (i as usize) < layout.rows() && (j as usize) < layout.columns();
                if inside && layout.is_wall_signed(i, j) {
                    contacts.add(&Layout::wall_box(i, j), law, position, velocity);
                }
            }
        }
        contacts
    }

    fn add(&mut self, wall: &WallBox, law: ContactLaw, position: Point, velocity: Point) {
        let nearest = wall.nearest(position);
        let offset = [position[0] - nearest[0], position[1] - nearest[1]];
        let distance = offset[0].hypot(offset[1]);
        let margin = MARGIN_M * law.margin_factor();
        if distance - RADIUS_M > margin || self.count == MAX_CONTACTS {
            return;
        }
        let (normal, gap) = if distance > 1e-12 {
            ([offset[0] / distance, offset[1] / distance], distance - RADIUS_M)
        } else {
            let (normal, depth) = nearest_face(wall, position);
            (normal, -depth - RADIUS_M)
        };
        let violation = gap - margin;
        let impedance = impedance(violation.abs());
        let normal_velocity = normal[0] * velocity[0] + normal[1] * velocity[1];
        self.items[self.count] = Contact {
            normal,
            reference_acceleration: -DAMPING * normal_velocity - STIFFNESS * impedance * violation,
            weight: impedance / ((1.0 - impedance) * law.inverse_weight()),
        };
        self.count += 1;
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The constrained acceleration and how many contacts push.
    pub(super) fn solve(&self, free_acceleration: Point) -> (Point, usize) {
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
            let (mut xx, mut xy, mut yy) = (MASS_KG, 0.0, MASS_KG);
            let mut right = [MASS_KG * free_acceleration[0], MASS_KG * free_acceleration[1]];
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

/// Outward normal of the face nearest to a point inside the box, and the depth below it.
fn nearest_face(wall: &WallBox, position: Point) -> (Point, f64) {
    let faces = [
        ([-1.0, 0.0], position[0] - wall.low[0]),
        ([1.0, 0.0], wall.high[0] - position[0]),
        ([0.0, -1.0], position[1] - wall.low[1]),
        ([0.0, 1.0], wall.high[1] - position[1]),
    ];
    faces.into_iter().fold(faces[0], |best, face| if face.1 < best.1 { face } else { best })
}
