//! Topics that are kept for late joiners, heard from publishers that keep nothing as well.
//!
//! DDS does not match a reader that asks for kept messages with a writer that keeps none. So there are two readers: one
//! that asks for them, and one for the publishers that the first cannot hear.

use super::executor::Executor;
use super::messages::interface::MessageType;
use super::node::{Node, NodeError};
use super::qos::Qos;
use ros2_client::dds::rustdds::{DomainParticipant, GUID, policy::Durability};
use ros2_client::{Gid, Message};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Publishers that are remembered.
const MAX_PUBLISHERS: usize = 64;

/// Which publishers keep nothing, as far as they have been discovered.
struct Publishers {
    participant: DomainParticipant,
    is_volatile: BTreeMap<Gid, bool>,
}

impl Publishers {
    /// `None` for one that is gone before its first message was looked at.
    fn is_volatile(&mut self, publisher: Gid) -> Option<bool> {
        if let Some(known) = self.is_volatile.get(&publisher) {
            return Some(*known);
        }
        let guid = GUID::from(publisher);
        let writers = self.participant.discovered_writers();
        let found = writers.iter().find(|writer| writer.writer_proxy.remote_writer_guid == guid);
        let durability = found.map(|writer| writer.publication_topic_data.durability)?;
        if self.is_volatile.len() >= MAX_PUBLISHERS {
            self.is_volatile.pop_first();
        }
        let is_volatile = matches!(durability, None | Some(Durability::Volatile));
        self.is_volatile.insert(publisher, is_volatile);
        Some(is_volatile)
    }
}

/// Calls `handle` with every message of a topic with the quality `qos`, a kept one, and with whether its publisher keeps
/// nothing for late joiners.
///
/// # Errors
/// If the name is not allowed or the middleware refuses.
pub fn subscribe<S: 'static, M: MessageType + Message + 'static>(
    node: &mut Node,
    executor: &mut Executor<S>,
    name: &str,
    qos: Qos,
    handle: impl Fn(&mut S, M, bool) + Clone + 'static,
) -> Result<(), NodeError> {
    let (participant, is_volatile) = (node.participant().clone(), BTreeMap::new());
    let publishers = Rc::new(RefCell::new(Publishers { participant, is_volatile }));
    for (qos, of_volatile) in [(qos, false), (qos.not_kept(), true)] {
        let (publishers, handle) = (Rc::clone(&publishers), handle.clone());
        executor.subscribe(node.subscription::<M>(name, qos)?, move |state: &mut S, message, info| {
            // Each publisher is heard by one reader: both may receive its messages, and not in the same order. What one
            // that is gone has left is taken from both rather than from none.
            let is_volatile = publishers.borrow_mut().is_volatile(info.publisher_gid());
            if is_volatile.is_none_or(|is_volatile| is_volatile == of_volatile) {
                handle(state, message, of_volatile);
            }
        })?;
    }
    Ok(())
}
