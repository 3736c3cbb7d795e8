//! D4RL's Maze2D: the point mass in a maze.

use super::{ContactLaw, Layout, PointMass, World};
use std::ops::Deref;
use std::sync::Arc;

/// A [`World`] whose map is known to be a maze, with its cells. Cloning shares the map.
#[derive(Clone, Debug)]
pub struct MazeWorld {
    layout: Arc<Layout>,
    world: World,
}

impl MazeWorld {
    /// The world of a layout, with D4RL's contacts.
    pub fn new(layout: Layout) -> Self {
        Self::with_contact_law(layout, ContactLaw::default())
    }

    /// The same with other contacts.
    pub fn with_contact_law(layout: Layout, contact_law: ContactLaw) -> Self {
        let layout = Arc::new(layout);
        let world = World::new(Arc::new(PointMass { contact_law }), Arc::clone(&layout) as _);
        Self { layout, world }
    }

    /// The map.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }
}

impl Deref for MazeWorld {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}
