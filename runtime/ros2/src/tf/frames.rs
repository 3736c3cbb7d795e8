//! Frame names interned as small numbers, so that a lookup compares and copies no text.

use std::collections::HashMap;

/// Longest name of a frame, bytes. Nothing sensible is longer, and memory stays bounded.
pub(super) const MAX_NAME_BYTES: usize = 256;

/// A frame that has been named.
pub(super) type FrameId = usize;

/// All frames that have been named.
#[derive(Clone, Debug, Default)]
pub(super) struct Frames {
    ids: HashMap<String, FrameId>,
    names: Vec<String>,
}

impl Frames {
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn find(&self, name: &str) -> Option<FrameId> {
        self.ids.get(name).copied()
    }

    /// The number of a frame, a new one if it has none.
    pub(super) fn intern(&mut self, name: &str) -> FrameId {
        if let Some(id) = self.find(name) {
            return id;
        }
        let id = self.names.len();
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }

    /// Empty for a number that was never given.
    pub(super) fn name(&self, id: FrameId) -> &str {
        self.names.get(id).map_or("", String::as_str)
    }
}
